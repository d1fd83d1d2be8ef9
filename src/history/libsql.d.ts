/** The parts of the package that are used; it is optional, and the build must not need it. */
declare module 'libsql' {
  type Bound = readonly (number | string | Uint8Array | null)[] | Readonly<Record<string, unknown>>;
  type Row = Readonly<Record<string, unknown>>;

  interface Statement {
    run(bound: Bound): { readonly changes: number };
    get(bound: Bound): Row | undefined;
    all(bound: Bound): Row[];
  }

  export default class Database {
    constructor(file: string, options: { readonly timeout: number });
    readonly inTransaction: boolean;
    prepare(sql: string): Statement;
    exec(sql: string): void;
    close(): void;
  }
}
