/**
 * Why a command or a message was not sent, or did not arrive. `code` is the session's error code; each name has a line in
 * docs/protocol.md. `SendFailure` of the transmitter uses the same names.
 */
export const COMMAND_FAILURES = {
  noLink: { code: 'LINK_DOWN', text: 'no link to the root' },
  linkLost: { code: 'LINK_DOWN', text: 'the link was lost before the message was written' },
  queueFull: { code: 'BUSY', text: 'the send queue was full' },
  messageTooLong: {
    code: 'MESSAGE_TOO_LONG',
    text: 'the message is too long for an edge device',
  },
  rejectedByRoot: { code: 'REJECTED_BY_ROOT', text: 'the root could not send the message to the node' },
} as const;

export type CommandFailure = keyof typeof COMMAND_FAILURES;
