/**
 * Why a command or a message was not sent, or did not arrive. `code` is the session's error code; each name has a line in
 * docs/protocol.md. `SendFailure` of the transmitter uses the same names.
 */
const ROOT_FAILURES = {
  noLink: { code: 'LINK_DOWN', text: 'no link to the root or the device' },
  linkLost: {
    code: 'LINK_DOWN',
    text: 'the link was lost before the message was written or the command completed',
  },
  queueFull: { code: 'BUSY', text: 'the send queue was full' },
  messageTooLong: {
    code: 'MESSAGE_TOO_LONG',
    text: 'the message is too long for an edge device',
  },
  rejectedByRoot: { code: 'REJECTED_BY_ROOT', text: 'the root could not send the message to the node' },
} as const;

/** Of commands to devices only. */
const DEVICE_FAILURES = {
  notAccepted: { code: 'TIMED_OUT', text: 'the device did not accept the command in time' },
  deviceBusy: { code: 'BUSY', text: 'the device is carrying out another command' },
  timedOut: { code: 'TIMED_OUT', text: 'the device reported no progress in time' },
  rejectedByDevice: { code: 'REJECTED_BY_DEVICE', text: 'the device rejected the command' },
  deviceFault: { code: 'REJECTED_BY_DEVICE', text: 'the device failed while it carried out the command' },
} as const;

export const COMMAND_FAILURES = { ...ROOT_FAILURES, ...DEVICE_FAILURES } as const;

/** Of what goes to the root. */
export type RootFailure = keyof typeof ROOT_FAILURES;
export type CommandFailure = keyof typeof COMMAND_FAILURES;
