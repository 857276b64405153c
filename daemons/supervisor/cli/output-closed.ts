// Whether the reader of the output has gone: a command that runs until it is stopped would else write to nobody for ever.

export function outputClosed(): AbortSignal {
  const gone = new AbortController();
  process.stdout.once('error', () => gone.abort());
  process.stdout.once('close', () => gone.abort());
  return gone.signal;
}
