import { formatBytes } from './units.js';

/** A bar on stderr. */
export interface ProgressBar {
  update(done: number): void;
  /** Removes it. */
  stop(): void;
}

/** Shows how much of `total` bytes is done, on the terminal of stderr. */
export async function startBar(total: number): Promise<ProgressBar> {
  // Not needed where there is no terminal.
  const { Presets, SingleBar } = await import('cli-progress');
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} %, {bytes} of {size}, {eta_formatted} left',
      stream: process.stderr,
      clearOnComplete: true,
      stopOnComplete: false,
      gracefulExit: false,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  const size = formatBytes(total);
  bar.start(total, 0, { bytes: formatBytes(0), size });
  return { update: (done) => bar.update(done, { bytes: formatBytes(done), size }), stop: () => bar.stop() };
}
