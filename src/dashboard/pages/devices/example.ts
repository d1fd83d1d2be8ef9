/** A device in the configuration file: a power supply that answers a query on a serial port. */
export const EXAMPLE = `[[device]]
id = "psu"
kind = "lines"
port = "/dev/ttyUSB1"

[[device.poll]]
type = "Supply"
send = "MEAS:VOLT?"
every_s = 1
regex = '^(?<voltage>[0-9.]+)$'
fields.voltage = { unit = "V" }`;
