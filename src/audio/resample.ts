/** Zero crossings of the kernel on either side, at the lower of the two rates. */
const crossings = 32;
/** Shape of the Kaiser window: the first side lobe lies about 90 dB down. */
const beta = 9;
/** Pass band as a part of the lower rate's half; the rest is the filter's slope. */
const passBand = 0.93;

/** A whole sound at another rate, by band-limited interpolation. Rates are whole Hz. *Borrows* the samples. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples;
  const common = greatestDivisor(from, to);
  const [down, up] = [from / common, to / common];
  const phases = kernelPhases(down, up);
  const half = (phases[0] as Float64Array).length / 2;
  const result = new Int16Array(Math.floor((samples.length * up) / down));
  for (let n = 0; n < result.length; n++) {
    const at = n * down;
    const first = Math.floor(at / up) - half + 1;
    const kernel = phases[at % up] as Float64Array;
    let sum = 0;
    const start = Math.max(0, -first);
    const end = Math.min(kernel.length, samples.length - first);
    for (let i = start; i < end; i++) sum += (kernel[i] as number) * (samples[first + i] as number);
    result[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return result;
}

/** For each place that an output sample can have between two input samples, what those around it weigh. */
export function kernelPhases(down: number, up: number): Float64Array[] {
  const cutoff = passBand * Math.min(1, up / down);
  const half = Math.ceil(crossings / Math.min(1, up / down));
  return Array.from({ length: up }, (_, phase) => {
    const kernel = Float64Array.from({ length: 2 * half }, (_, i) => {
      const distance = i - half + 1 - phase / up;
      return sinc(cutoff * distance) * kaiser(distance / half);
    });
    // Each phase lets a constant through as it is: else the rate of the phases would be heard.
    const sum = kernel.reduce((total, weight) => total + weight, 0);
    return kernel.map((weight) => weight / sum);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(beta * Math.sqrt(1 - x * x)) / bessel(beta);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
