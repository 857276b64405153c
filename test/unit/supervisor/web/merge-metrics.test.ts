import t from 'tap';
import { mergeMetrics } from '../../../../daemons/supervisor/web/merge-metrics.ts';

const text = (daemon: string, more = ''): string =>
  `# HELP corral_cpu CPU.\n# TYPE corral_cpu counter\ncorral_cpu{daemon="${daemon}"} 1\n\n${more}`;

t.test('a family stands once, with the samples of all', async (t) => {
  const own = '# HELP corral_x X.\n# TYPE corral_x gauge\ncorral_x{daemon="dns"} 3\n';
  const merged = mergeMetrics([
    { daemon: 'metadata', text: text('metadata') },
    { daemon: 'dns', text: text('dns', own) },
    { daemon: 'overlay', text: undefined },
  ]);
  t.equal(
    merged,
    [
      '# HELP corral_daemon_up Whether the metrics of the daemon could be read',
      '# TYPE corral_daemon_up gauge',
      'corral_daemon_up{daemon="metadata"} 1',
      'corral_daemon_up{daemon="dns"} 1',
      'corral_daemon_up{daemon="overlay"} 0',
      '# HELP corral_cpu CPU.',
      '# TYPE corral_cpu counter',
      'corral_cpu{daemon="metadata"} 1',
      'corral_cpu{daemon="dns"} 1',
      '# HELP corral_x X.',
      '# TYPE corral_x gauge',
      'corral_x{daemon="dns"} 3',
      '',
    ].join('\n'),
  );
});

t.test('nobody there, or no metrics at all', async (t) => {
  t.match(mergeMetrics([{ daemon: 'dns', text: undefined }]), /corral_daemon_up\{daemon="dns"\} 0\n$/);
  t.match(mergeMetrics([{ daemon: 'dns', text: 'what is this' }]), /corral_daemon_up\{daemon="dns"\} 1\n$/);
});
