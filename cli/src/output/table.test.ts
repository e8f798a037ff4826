import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, renderPairs, renderTable, widthOf } from './table.ts';

test('columns are aligned, numbers to the right, without trailing blanks', () => {
  const columns = [{ head: 'NAME' }, { head: 'SIZE', align: 'right' as const }, { head: 'NOTE' }];
  const rows = [
    ['film', '12', ''],
    ['a longer name', '1234', 'fine'],
  ];
  assert.equal(
    renderTable(columns, rows),
    ['NAME           SIZE  NOTE', 'film             12', 'a longer name  1234  fine'].join('\n'),
  );
});

test('wide letters take two cells and combining marks none', () => {
  assert.equal(widthOf('日本'), 4);
  assert.equal(widthOf('e\u0301a'), 2);
  assert.equal(widthOf('\u001b[31mred\u001b[0m'), 3);
});

test('a name cannot drive the terminal', () => {
  assert.equal(renderTable([{ head: 'N' }], [['a\u001b[2Jb\nc']]), 'N\na [2Jb c');
});

test('what does not fit is cut and says so', () => {
  assert.equal(cut('abcdef', 4), 'abc…');
  assert.equal(cut('日本語', 4), '日…');
  assert.equal(cut('abc', 4), 'abc');
});

test('pairs without a value are left out', () => {
  assert.equal(
    renderPairs([
      ['a', '1'],
      ['long', null],
      ['bb', '2'],
      ['c', undefined],
    ]),
    'a   1\nbb  2',
  );
});
