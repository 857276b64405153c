import t from 'tap';
import { attachmentKey } from '../../../../cni-plugins/shared/names.ts';

t.test('no two attachments share a key, and every key is a file name', async (t) => {
  t.equal(attachmentKey('0123456789ab', 'eth0'), '0123456789ab-eth0');
  t.not(attachmentKey('x', 'y-z'), attachmentKey('x-y', 'z'));
  t.not(attachmentKey('x', 'a%2Db'), attachmentKey('x', 'a-b'));
  for (const ifname of ['...', 'a\\b', "a'b", '%%%%%%%%%%%%%%%', '---------------']) {
    const key = attachmentKey('c'.repeat(160), ifname);
    t.notMatch(key, /[/\0]/);
    t.ok(key.length <= 206, 'short enough for a draft of it');
  }
});
