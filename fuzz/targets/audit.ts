/** Lines of the audit's file. */
import fc from 'fast-check';
import { readAuditLine } from '../../src/api/audit.js';
import { must, type Target } from '../target.js';

const entry = fc.record({
  at: fc.oneof(fc.nat(), fc.string()),
  client: fc.string(),
  via: fc.string(),
  role: fc.constantFrom('read', 'send', 'admin', 'root'),
  action: fc.string(),
  outcome: fc.string(),
});

export const auditTarget: Target = {
  name: 'audit',
  words: ['"at":', '"role":"admin"', '"client"', '{', '}', ',', '__proto__'],
  inputs: entry.map((value) => Buffer.from(JSON.stringify(value))),
  run(input) {
    const read = readAuditLine(input.toString('utf8'));
    if (!read) return 'refused';
    must(typeof read.at === 'number' && typeof read.action === 'string', 'an entry that is none');
    return 'accepted';
  },
};
