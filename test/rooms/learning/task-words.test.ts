import { describe, expect, it } from 'vitest';
import { findInTask, readTask } from '../../../src/learning/task-words.ts';
import { toComparable } from '../../../src/learning/texts.ts';

const selectorsOf = (value: string, task: string) =>
  findInTask(value, toComparable(value), task, toComparable(task));

describe('task words', () => {
  it('name the words before a value, and one more where they say nothing', () => {
    expect(selectorsOf('jane_doe', 'My username is jane_doe')).toEqual(['word after "username is"', 'word']);
    expect(selectorsOf('HIGH666', 'Username: HIGH666')).toEqual(['word after "username"', 'id']);
  });

  it('do not count a place where another value stands', () => {
    expect(selectorsOf('b2c3d4', 'Move a1b2c3 next to b2c3d4')).toEqual(['word after "to"']);
    expect(selectorsOf('notes', 'Which of the old notes')).toEqual(['word after "old"', 'word']);
  });

  it('find what a selector means in another task', () => {
    expect(readTask('Hello, my username is: "mario", thanks', 'word after "username is"')).toBe('mario');
    expect(readTask('Compare a.txt and notes/b.txt', 'path after "and"')).toBe('notes/b.txt');
    expect(readTask('Nothing here', 'email')).toBeUndefined();
    expect(readTask('Some words', 'word')).toBeUndefined();
  });
});
