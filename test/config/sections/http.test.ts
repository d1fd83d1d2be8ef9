import test from 'ava';
import { webSettings } from '../../../src/config/sections/http.js';
import { loadConfig } from '../../../src/gateway/settings.js';

const TOKEN = '0123456789abcdef';

function accessTo(listen: string, http: object = {}) {
  const config = loadConfig({ http: { listen, ...http } }, undefined, {});
  const address = config.http.listen;
  if (address === undefined || address === 'off') throw new Error('there is no address');
  return webSettings(config, address);
}

for (const listen of ['127.0.0.1:80', 'localhost:80', '[::1]:80', '80']) {
  test(`${listen} is local: no token is needed`, (t) => {
    t.false(accessTo(listen).isPublic);
  });
}

const BEYOND = [
  '0.0.0.0:80',
  '[::]:80',
  '[::ffff:0.0.0.0]:80',
  '0:80',
  '192.168.1.5:80',
  'example.org:80',
  '*:80',
];
for (const listen of [...BEYOND, '127.0.0.2:80', 'localhost.example.org:80', '127.0.0.1.example.org:80']) {
  test(`${listen} can be reached by other machines: without a token it is refused`, (t) => {
    t.throws(() => accessTo(listen), { code: 'BAD_CONFIG', message: /so a token is required/ });
    t.true(accessTo(listen, { token: TOKEN }).isPublic);
    t.true(accessTo(listen, { read_token: TOKEN }).isPublic);
  });
}
