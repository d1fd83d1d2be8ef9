/**
 * Why something that was to be sent was not, or did not arrive: for commands and deliveries alike. `code` is the session's
 * error code; each name has a line in docs/protocol.md. The sender of a link gives its reasons by the same names.
 */
export const COMMAND_FAILURES = {
  noLink: { code: 'LINK_DOWN', text: 'there was no link to the root' },
  linkLost: { code: 'LINK_DOWN', text: 'the link went away before the message was written' },
  queueFull: { code: 'BUSY', text: 'too many commands were waiting to be sent' },
  messageTooLong: {
    code: 'MESSAGE_TOO_LONG',
    text: 'the message is longer than an edge device can take',
  },
  rejectedByRoot: { code: 'REJECTED_BY_ROOT', text: 'the root could not send the message to the node' },
} as const;

export type CommandFailure = keyof typeof COMMAND_FAILURES;
