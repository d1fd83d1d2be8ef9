import { EXAMPLE } from './example.js';

/** Says what devices are, and what to put into the configuration file. */
export function NoDevices() {
  return (
    <section class="card no-devices" aria-label="No devices">
      <h2>No devices</h2>
      <p>
        A device is hardware other than the mesh that reports values: a power supply, a receiver, an
        instrument on the bench. No device is configured in this gateway.
      </p>
      <p>
        To connect one, add it to the configuration file and restart the gateway. This one answers a query on
        a serial port:
      </p>
      <pre>{EXAMPLE}</pre>
      <p class="muted">
        docs/devices.md in the documentation lists the kinds of devices and their settings, and shows how to
        write the code for another one.
      </p>
    </section>
  );
}
