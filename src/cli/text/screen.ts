/** Full-screen mode of the terminal. */

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_BELOW = '\x1b[J';

export interface ScreenHandlers {
  /** Input from the keyboard: a character, or an escape sequence such as that of an arrow key. */
  onKey(key: string): void;
  onResize(): void;
}

export interface Screen {
  /** Lines from the top; they must fit. */
  draw(lines: readonly string[]): void;
  /** Restores the terminal. */
  close(): void;
}

/** Switches to the alternate screen until `close`, or until the process exits. */
export function openScreen({ onKey, onResize }: ScreenHandlers): Screen {
  const { stdin, stdout } = process;
  const onData = (chunk: Buffer) => onKey(chunk.toString('latin1'));
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    stdout.write(LEAVE);
    stdout.off('resize', onResize);
    stdin.off('data', onData);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    process.off('exit', close);
  };
  process.on('exit', close);
  stdout.write(ENTER);
  stdout.on('resize', onResize);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', onData);
  }
  return {
    draw: (lines) => {
      // One write, cleared first: erasing after a full line would remove its last character.
      if (isOpen) stdout.write(`${HOME}${CLEAR_BELOW}${lines.join('\r\n')}`);
    },
    close,
  };
}
