/** Says what devices are, and how to connect one. */
export function NoDevices() {
  return (
    <section class="card no-devices" aria-label="No devices">
      <h2>No devices</h2>
      <p>
        A device is hardware other than the mesh that reports values: a power supply, a receiver, an
        instrument on the bench. No device is configured in this gateway.
      </p>
      <p class="muted">
        To connect one, add it to the configuration file and restart the gateway. The page “Devices” of the
        documentation (docs/devices.md) shows how.
      </p>
    </section>
  );
}
