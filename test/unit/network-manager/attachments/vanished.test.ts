import t from 'tap';
import { confirmGone, isGone } from '../../../../daemons/network-manager/attachments/vanished.ts';
import { lease } from './support.ts';

const bare = lease({}, { engine: 'attach' });
const cni = lease({}, { engine: 'cni' });
const inode = bare.netnsInode ?? 0;

t.test('a namespace attached by hand', async (t) => {
  t.equal(isGone(bare, { inode, hostLink: true }), false);
  t.equal(isGone(bare, { inode, hostLink: false }), true, 'made anew with the same name and number');
  t.equal(
    isGone(bare, { inode: undefined, hostLink: true }),
    true,
    'a process may still hold it: it was deleted all the same',
  );
  t.equal(isGone(bare, { inode: inode + 1, hostLink: true }), true, 'another one has its name');
});

t.test('a runtime’s namespace', async (t) => {
  t.equal(isGone(cni, { inode: undefined, hostLink: true }), false, 'its path means something elsewhere');
  t.equal(isGone(cni, { inode: undefined, hostLink: false }), true);
  t.equal(isGone(cni, { inode: undefined, hostLink: undefined }), false, 'another plugin’s link: the runtime will say');
  t.equal(isGone(cni, { inode, hostLink: false }), true);
});

t.test('twice in a row', async (t) => {
  const first = confirmGone([bare], new Set());
  t.same(first.confirmed, []);
  const second = confirmGone([bare], first.remember);
  t.same(second.confirmed, [bare]);
  t.same(
    confirmGone([lease({ createdAt: 1 }, { engine: 'attach' })], first.remember).confirmed,
    [],
    'made anew meanwhile',
  );
  t.same(confirmGone([bare], confirmGone([], first.remember).remember).confirmed, [], 'seen in between');
});
