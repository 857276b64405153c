import { runStub } from './stub.ts';

await runStub('metadata');
