import { runStub } from './stub.ts';

await runStub('dns');
