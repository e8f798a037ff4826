import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roles } from '@ffrtmp/shared/contract/operation';
import fc from 'fast-check';
import { createLeaseTokens, newSecret, sameSecret, secretHash } from './secrets.ts';

test('A secret says what it is, fits into a header, and never comes twice', () => {
  const made = new Set<string>();
  for (const role of roles)
    for (let count = 0; count < 200; count += 1) {
      const secret = newSecret(role);
      assert.match(secret, /^ff[knj]_[A-Za-z0-9_-]{43}$/);
      made.add(secret);
    }
  assert.equal(made.size, roles.length * 200);
  assert.deepEqual(
    ['admin', 'node', 'join'].map((role) => newSecret(role as 'admin').slice(0, 4)),
    ['ffk_', 'ffn_', 'ffj_'],
  );
});

test('Two secrets are the same exactly when their texts are, whatever their lengths', () => {
  const text = fc.string({ unit: 'binary', maxLength: 50 });
  fc.assert(fc.property(text, text, (a, b) => assert.equal(sameSecret(a, b), Buffer.from(a).equals(Buffer.from(b)))));
  fc.assert(fc.property(text, (a) => assert.ok(sameSecret(a, a))));
  assert.ok(!sameSecret('key', 'key '));
});

test('What is stored of a secret is a digest that tells nothing of it', () => {
  const secret = newSecret('admin');
  assert.match(secretHash(secret), /^[0-9a-f]{64}$/);
  assert.notEqual(secretHash(secret), secretHash(`${secret}x`));
});

test('A lease token belongs to one attempt and one master, and is the same however often it is asked for', () => {
  const [ours, theirs] = [createLeaseTokens('ours'), createLeaseTokens('theirs')];
  assert.equal(ours.of('attempt'), ours.of('attempt'));
  assert.ok(ours.matches('attempt', ours.of('attempt')));
  assert.ok(!ours.matches('another', ours.of('attempt')));
  assert.ok(!theirs.matches('attempt', ours.of('attempt')));
  for (const forged of ['', 'x', ours.of('attempt').slice(1), `${ours.of('attempt')}=`])
    assert.ok(!ours.matches('attempt', forged));
  assert.ok(ours.of('attempt').length <= 64, 'the contract allows no longer one');
});
