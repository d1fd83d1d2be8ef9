/** A request that was not carried out. `code`: the session's, the MQTT connector's, or `NO_ANSWER`. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}
