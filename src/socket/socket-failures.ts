import { errorText, MeshgateError, systemErrorCode } from '../base/errors.js';

/** Runs `open`, and turns the system's errors into errors that a person can act on. */
export async function namingFailures<Result>(where: string, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof MeshgateError) throw error;
    const code = systemErrorCode(error);
    const text = `${where}: ${errorText(error)}`;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new MeshgateError('NO_PERMISSION', text, 'choose a --socket PATH that this user can write to');
    }
    if (code === 'EADDRINUSE') {
      throw new MeshgateError(
        'ADDRESS_IN_USE',
        text,
        'stop the program that uses it, or choose another port',
      );
    }
    throw new MeshgateError('SOCKET_FAILED', text, undefined, { cause: error });
  }
}
