/** A plain thread that computes. */
declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<{ turns: number; times: number }>) => {
  let sum = 0;
  for (let time = 0; time < data.times; time++) sum += spin(data.turns);
  self.postMessage(sum);
};

/** As in models.ts, which a plain thread has no need to load. */
function spin(turns: number): number {
  let state = 1;
  for (let turn = 0; turn < turns; turn++) state = (Math.imul(state, 1_664_525) + 12_345) | 0;
  return state;
}
