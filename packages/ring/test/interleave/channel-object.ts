import type { QueueGeometry } from '../../dist/options.js';
import type { ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';

/** The modelled object of a segment with lanes, and the bytes of its regions. */
export function channelObject(
  modules: Modules,
  kind: number,
  geometry: QueueGeometry,
): { readonly object: ModelObject; readonly regions: number[] } {
  const { geometry: words, size } = modules.channelSpec(kind, modules.channelGeometry(geometry));
  const spec = { kind, geometry: words, size, codecName: 'bytes', codecId: 0, schemaId: 0 };
  const segment = modules.LocalSegment.create('model', spec);
  const { header } = segment;
  segment.close();
  const { controlBytes, laneBytes, lanes } = modules.layoutOf(header, 'model');
  // A frame runs over the end of its lane by at most a quarter of it.
  const ring = laneBytes + laneBytes / 4;
  return {
    object: { header, controlBytes, laneBytes },
    regions: [controlBytes, ...Array.from({ length: lanes }, () => ring)],
  };
}
