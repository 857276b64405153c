// Tests leave nothing behind and work in any checkout.
import t from 'tap';
import { readTypeScript } from './support/sources.ts';

const tests = [...readTypeScript()].filter(([path]) => path.startsWith('test/') && !path.startsWith('test/house/'));

/** What is wrong with how a test makes folders of its own: one that has no name, or is not removed, stays for ever. */
function folderFault(text: string): string | undefined {
  if (/\bjoin\(\s*(await )?mkdtemp(Sync)?\(/.test(text)) return 'makes a folder whose name is lost';
  const makes = /\bmkdtemp(Sync)?\(/.test(text);
  return makes && !/\brm(Sync)?\([^)]*\brecursive: true/.test(text) ? 'makes a folder and removes none' : undefined;
}

/**
 * Names of sockets that are listened on below `t.testdir()`: it lies in the checkout, and a deep one makes the path longer than
 * the 107 bytes that a socket's may have. Follows names that are made from it.
 */
function deepSockets(text: string): string[] {
  // A name of one test may be another thing in the next.
  return text.split(/^(?=t\.test\()/m).flatMap(deepSocketsIn);
}

const firstArgument = /\.listen\(((?:[^(),]|\((?:[^()]|\([^()]*\))*\))*)/g;

function deepSocketsIn(text: string): string[] {
  const deep: string[] = [];
  const isDeep = (expression: string): boolean =>
    expression.includes('testdir(') || deep.some((name) => new RegExp(`\\b${name}\\b`).test(expression));
  for (const [, name = '', value = ''] of text.matchAll(/\bconst (\w+) = ([^;]+);/g))
    if (isDeep(value)) deep.push(name);
  const listened = [...text.matchAll(firstArgument)].map(([, first = '']) => first);
  return listened.filter((path) => isDeep(path) && !path.includes('fittingSocketPath'));
}

t.test('folders of tests are removed', async (t) => {
  t.same(
    tests.flatMap(([path, text]) => (folderFault(text) ? [`${path} ${folderFault(text)}`] : [])),
    [],
  );
  t.ok(folderFault("const log = join(mkdtempSync(join(tmpdir(), 'x-')), 'log');\nrmSync(dir, { recursive: true });"));
  t.ok(folderFault("const dir = mkdtempSync('/tmp/x-');\nrmSync(file);"));
  t.notOk(folderFault("const dir = mkdtempSync('/tmp/x-');\nt.teardown(() => rmSync(dir, { recursive: true }));"));
});

t.test('no socket below the folder that tap makes in the checkout', async (t) => {
  t.same(
    tests.flatMap(([path, text]) => deepSockets(text).map((socket) => `${path} listens on ${socket}`)),
    [],
  );
  const dir = "const dir = t.testdir({});\nconst path = join(dir, 's.sock');\n";
  t.same(deepSockets(`${dir}server.listen(path);`), ['path']);
  t.same(deepSockets("server.listen(join(t.testdir(), 's'), done);").length, 1);
  t.same(deepSockets(`${dir}server.listen(fittingSocketPath(path), done);`), []);
  t.same(deepSockets(`${dir}server.listen(0);`), []);
  t.same(deepSockets(`${dir}t.test('another', () => server.listen(path));`.replace('t.test', '\nt.test')), []);
});
