/**
 * Gives a device a command, prints each of its stages, and then what the device reports. With a time limit in seconds, the
 * command is aborted when it takes longer.
 *
 *     node examples/command-device.mjs stage move '{"position": 12}' 30
 *
 * The gateway must have a device: npx meshgate devices; its commands: npx meshgate device ID
 */
import { connect, RequestError } from 'meshgate';

const [device, name, json = '{}', limit] = process.argv.slice(2);
const client = await connect();

let timer;
try {
  for await (const delivery of client.followCommand({ device, name, arguments: JSON.parse(json) })) {
    const { id, stage, progress, result } = delivery;
    if (stage === 'queued' && limit) timer = setTimeout(() => client.abort(id), Number(limit) * 1000);
    if (stage === 'progress') console.log(`progress: ${Math.round((progress?.fraction ?? 0) * 100)} %`);
    else console.log(stage === 'completed' ? `completed: ${JSON.stringify(result)}` : stage);
  }
} catch (error) {
  if (!(error instanceof RequestError)) throw error;
  console.log(`${error.code}: ${error.message}`);
} finally {
  clearTimeout(timer);
}

for (const { type, fields } of (await client.device(device)).values) {
  for (const [field, { value, name, unit }] of Object.entries(fields))
    console.log(`${type}.${field} = ${name ?? value} ${unit ?? ''}`.trimEnd());
}
client.close();
