/** Only waits: what Node itself costs, and how long the machine itself holds a process up. */
setInterval(() => {}, 1_000_000);
process.stdout.write('ready\n');
