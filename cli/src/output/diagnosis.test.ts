import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosisText } from './diagnosis.ts';

test('a diagnosis is a table of what was looked at, and what to do about the faults stands below it', () => {
  const text = diagnosisText({
    version: '0.1.0',
    status: 'warning',
    checks: [
      { name: 'disk', status: 'ok', cause: null, text: '82.3 GB free', fix: null },
      { name: 'power', status: 'warning', cause: 'permission', text: 'readable by root only', fix: 'run it as root' },
    ],
  });
  assert.equal(
    text,
    [
      'CHECK  STATUS               WHAT',
      'disk   ok                   82.3 GB free',
      'power  warning: permission  readable by root only',
      '',
      'What to do:',
      '  power (permission): run it as root',
    ].join('\n'),
  );
});

test('where nothing is wrong nothing is to be done', () => {
  const check = { name: 'disk', status: 'ok' as const, cause: null, text: 'x', fix: null };
  assert.doesNotMatch(diagnosisText({ version: '0.1.0', status: 'ok', checks: [check] }), /What to do/);
});
