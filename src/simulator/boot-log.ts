/** Why the root started; printed in its first lines. */
export type BootCause = 'powerOn' | 'restart' | 'lines' | 'crash';

export interface ConsoleLine {
  /** Milliseconds since the root started. */
  readonly atMs: number;
  readonly text: string;
}

const RESET_CAUSES = {
  powerOn: 'rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
  restart: 'rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
  lines: 'rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
  crash: 'rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)',
} as const;

/** Printed by firmware that crashes. */
const PANIC: ConsoleLine = {
  atMs: 1,
  text: "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n\r\n",
};

/** What an ESP32 prints outside frames while it starts. */
export function bootLog(cause: BootCause): ConsoleLine[] {
  return [
    ...(cause === 'crash' ? [PANIC] : []),
    { atMs: 5, text: 'ets Jul 29 2019 12:21:46\r\n\r\n' },
    { atMs: 6, text: `${RESET_CAUSES[cause]}\r\n` },
    { atMs: 8, text: 'configsip: 0, SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x40080694\r\n' },
    { atMs: 27, text: infoLine(27, 'boot', 'ESP-IDF v5.1.2 2nd stage bootloader') },
    { atMs: 312, text: infoLine(312, 'cpu_start', 'Starting scheduler on PRO CPU.') },
    { atMs: 338, text: infoLine(338, 'BLE_MESH', 'Mesh stack is up, this is the root') },
  ];
}

/** A line as the firmware's logging prints it: green, with the milliseconds since the start. */
export function infoLine(uptimeMs: number, tag: string, text: string): string {
  return `\x1b[0;32mI (${Math.floor(uptimeMs)}) ${tag}: ${text}\x1b[0m\r\n`;
}
