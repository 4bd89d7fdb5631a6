/** A plain thread that computes when it is told to. */
declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<{ turns: number; times: number }>) => {
  let sum = 0;
  for (let time = 0; time < data.times; time++) sum += spin(data.turns);
  self.postMessage(sum);
};

/** A copy of the function in models.ts, as importing that would load tq. */
function spin(turns: number): number {
  let state = 1;
  for (let turn = 0; turn < turns; turn++) state = (Math.imul(state, 1_664_525) + 12_345) | 0;
  return state;
}
