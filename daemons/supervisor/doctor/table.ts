// Every check of `corral doctor`, in the order in which they are shown.
import type { Check } from './check.ts';
import { fileChecks } from './look/files.ts';
import { kernelChecks } from './look/kernel.ts';
import { networkChecks } from './look/networks.ts';
import { ruleChecks } from './look/rules.ts';
import { serviceChecks } from './look/services.ts';
import { suiteChecks } from './look/suite.ts';

export const checks: readonly Check[] = [
  ...suiteChecks,
  ...kernelChecks,
  ...ruleChecks,
  ...networkChecks,
  ...serviceChecks,
  ...fileChecks,
];
