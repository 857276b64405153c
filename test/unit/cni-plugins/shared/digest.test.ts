import t from 'tap';
import { digestOf } from '../../../../cni-plugins/shared/digest.ts';

t.test('digests are stable: links of an earlier version must be found again', async (t) => {
  t.equal(digestOf('corral:corral:0123456789ab:eth0'), '89bf9f083d841f9f');
});

t.test('names that differ a little get digests that differ', async (t) => {
  const texts = Array.from({ length: 20_000 }, (_, at) => `corral:corral:${at.toString(16).padStart(64, '0')}:eth0`);
  t.equal(new Set(texts.map((text) => digestOf(text).slice(0, 10))).size, texts.length, '40 bits name the device');
  t.equal(new Set(texts.map((text) => digestOf(text).slice(6))).size, texts.length, '40 bits make the MAC');
  t.ok(new Set(texts.map((text) => digestOf(text).slice(0, 3))).size > 4000, 'the lock files are used evenly');
});
