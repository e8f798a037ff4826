import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { treeOf } from './rule.ts';
import { dependencyRules } from './rules/dependencies.ts';
import { directionRules } from './rules/directions.ts';
import { documentRules } from './rules/documents.ts';
import { fileRules } from './rules/files.ts';
import { nameRules } from './rules/names.ts';
import { purityRules } from './rules/purity.ts';
import { secretRules } from './rules/secrets.ts';
import { readTree } from './tree.ts';

const tree = readTree();
const rules = [
  ...directionRules,
  ...nameRules,
  ...fileRules,
  ...purityRules,
  ...secretRules,
  ...dependencyRules,
  ...documentRules,
];

for (const rule of rules) {
  describe(rule.sentence, () => {
    test('holds in this repository', () => {
      const violations = rule.check(tree);
      assert.equal(violations.length, 0, `${rule.sentence}:\n  ${violations.join('\n  ')}`);
    });
    test('is noticed when broken, and only then', () => {
      assert.ok(rule.planted.length > 0, 'the rule has no planted violation');
      for (const planted of rule.planted)
        assert.notDeepEqual(rule.check(treeOf(planted)), [], `not noticed: ${JSON.stringify(planted)}`);
      for (const allowed of rule.allowed ?? [])
        assert.deepEqual(rule.check(treeOf(allowed)), [], `wrongly refused: ${JSON.stringify(allowed)}`);
    });
  });
}
