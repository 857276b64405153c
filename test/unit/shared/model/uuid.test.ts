import t from 'tap';
import { isUuid, uuidOfName } from '../../../../daemons/shared/model/uuid.ts';

// RFC 9562, appendix A.4.
const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

t.test('the standard’s example', async (t) => {
  t.equal(uuidOfName(dns, 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

t.test('equal names give equal ids, others do not', async (t) => {
  t.equal(uuidOfName(dns, 'shop/web'), uuidOfName(dns, 'shop/web'));
  t.not(uuidOfName(dns, 'shop/web'), uuidOfName(dns, 'shop/db'));
  t.ok(isUuid(uuidOfName(dns, '')));
});

t.test('a uuid is lower-case hex with dashes', async (t) => {
  for (const text of [
    '',
    'x',
    '2ED6657D-E927-568B-95E1-2665A8AEA6A2',
    '2ed6657de927568b95e12665a8aea6a2',
    `${dns}\n`,
  ]) {
    t.notOk(isUuid(text), JSON.stringify(text));
  }
});
