import t from 'tap';
import { Echo, type Notice } from '../../../daemons/overlay/echo.ts';

const route: Notice = { kind: 'route', index: 0 };
const entry: Notice = { kind: 'fdb', index: 7 };

t.test('each write has its notice, whichever comes first', async (t) => {
  const echo = new Echo();
  echo.heard([route]);
  echo.wrote([entry, route]);
  echo.heard([entry]);
  t.equal(echo.takeIsOwn(), true);
});

t.test('a notice too many is somebody else’s', async (t) => {
  const echo = new Echo();
  echo.wrote([entry, route]);
  echo.heard([entry, route, route]);
  t.equal(echo.takeIsOwn(), false);
  t.equal(echo.takeIsOwn(), true, 'and is told once');
});

t.test('a notice about another device, or none, is no echo', async (t) => {
  const echo = new Echo();
  echo.wrote([entry]);
  echo.heard([{ ...entry, index: 8 }]);
  t.equal(echo.takeIsOwn(), false);
  echo.wrote([entry]);
  t.equal(echo.takeIsOwn(), false, 'it may have been lost, with others');
});

t.test('of writes whose notices are not known nothing can be said', async (t) => {
  const echo = new Echo();
  echo.wrote(undefined);
  t.equal(echo.takeIsOwn(), false);
  echo.wrote([]);
  t.equal(echo.takeIsOwn(), true);
});
