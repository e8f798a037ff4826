import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadCredential, saveCredential } from './credential.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-credential-'));
after(() => rmSync(folder, { recursive: true }));
const credential = { node_id: 'n1', credential: 'ffn_secret', master: 'https://m:8080', ca: null };

test('A credential is read back as it was, by its owner alone, and a newer one replaces it whole', () => {
  assert.equal(loadCredential(folder), undefined);
  saveCredential(folder, credential);
  assert.deepEqual(loadCredential(folder), credential);
  assert.equal(statSync(join(folder, 'credential.json')).mode & 0o777, 0o600);
  saveCredential(folder, { ...credential, ca: 'PEM' });
  assert.equal(loadCredential(folder)?.ca, 'PEM');
  assert.deepEqual(readdirSync(folder), ['credential.json']);
});

test('A damaged credential is an error that says what to do, never a silent new registration', () => {
  for (const text of ['', '{"node_id": 1}', 'null']) {
    writeFileSync(join(folder, 'credential.json'), text);
    assert.throws(() => loadCredential(folder), { code: 'bad_config', message: /damaged: delete it/ });
  }
});
