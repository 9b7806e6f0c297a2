/** The map of the tree, both ways: every room in it exists, and every folder with code is in it. */
import { filesOf, firstSentence, foldersWithCode, rooms } from '../../src/docs/map';

test('every room of the map has code, and every folder with code is a room of the map', () => {
  expect(foldersWithCode().sort()).toEqual(Object.keys(rooms).sort());
});

test('every file says in a sentence what it is', () => {
  const files = Object.keys(rooms).flatMap((room) => filesOf(room).map((name) => `${room}/${name}`));
  expect(files.length).toBeGreaterThan(300);
  expect(files.filter((file) => firstSentence(file).length < 10)).toEqual([]);
});
