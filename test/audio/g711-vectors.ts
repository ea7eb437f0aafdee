/**
 * What ffmpeg 5.1 makes of the 256 octets in order, signed 16 bit little-endian. Made with
 *
 *     node -e 'process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))' > all
 *     ffmpeg -f alaw  -ar 8000 -ac 1 -i all -f s16le - | base64 -w0
 *     ffmpeg -f mulaw -ar 8000 -ac 1 -i all -f s16le - | base64 -w0
 */
const aLaw =
  'gOqA64DogOmA7oDvgOyA7YDigOOA4IDhgOaA54DkgOVA9cD1QPTA9ED3wPdA9sD2QPHA8UDwwPBA88DzQPLA8gCqAK4AogCmALoAvgCyALYAigCOAIIAhgCaAJ4AkgCWANUA1wDRANMA3QDfANkA2wDFAMcAwQDDAM0AzwDJAMuo/rj+iP6Y/uj++P7I/tj+KP44/gj+GP5o/nj+SP5Y/qj/uP+I/5j/6P/4/8j/2P8o/zj/CP8Y/2j/eP9I/1j/oPrg+iD6YPqg++D7IPtg+6D44Pgg+GD4oPng+SD5YPlQ/XD9EP0w/dD98P2Q/bD9UPxw/BD8MPzQ/PD8kPyw/IAVgBSAF4AWgBGAEIATgBKAHYAcgB+AHoAZgBiAG4AawApACsALQAvACEAIwAlACcAOQA7AD0APwAxADMANQA0AVgBSAF4AWgBGAEIATgBKAHYAcgB+AHoAZgBiAG4AagArACkALwAtACMAIQAnACUAOwA5AD8APQAzADEANwA1WAFIAXgBaAEYAQgBOAEoAdgByAH4AegBmAGIAbgBqAFYAEgAeABoABgACAA4ACgA2ADIAPgA6ACYAIgAuACoAGAFIAXgBaAFYAQgBOAEoARgByAH4AegB2AGIAbgBqAGsAKQAvAC0AIwAhACcAJQArADkAPwA9ADMAMQA3ADUAM=';
const muLaw =
  'hIKEhoSKhI6EkoSWhJqEnoSihKaEqoSuhLKEtoS6hL6EwYTDhMWEx4TJhMuEzYTPhNGE04TVhNeE2YTbhN2E3wThBOIE4wTkBOUE5gTnBOgE6QTqBOsE7ATtBO4E7wTwxPBE8cTxRPLE8kTzxPNE9MT0RPXE9UT2xPZE98T3RPik+OT4JPlk+aT55Pkk+mT6pPrk+iT7ZPuk++T7JPxk/JT8tPzU/PT8FP00/VT9dP2U/bT91P30/RT+NP5U/nT+jP6c/qz+vP7M/tz+7P78/gz/HP8s/zz/TP9c/2z/fP+I/5D/mP+g/6j/sP+4/8D/yP/Q/9j/4P/o//D/+P8AAHx9fHl8dXxxfG18aXxlfGF8XXxZfFV8UXxNfEl8RXxBfD58PHw6fDh8Nnw0fDJ8MHwufCx8KnwofCZ8JHwifCD8Hvwd/Bz8G/wa/Bn8GPwX/Bb8FfwU/BP8EvwR/BD8DzwPvA48DrwNPA28DDwMvAs8C7wKPAq8CTwJvAg8CLwHXAccB9wGnAZcBhwG3AWcBVwFHAXcBJwEXAQcBNwDnANsA0wDLAMMA+wCzAKsAowCbAJMAiwCDALsAcwBrAGMAXQBZAFUAUQBNAEkARQBBAH0AOQA1ADEALQApACUAIQAeABwAGgAYABYAFAASABAADgAMAAoACAAGAAQAAgAAAA=';

function samples(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  return Int16Array.from({ length: 256 }, (_, i) => bytes.readInt16LE(2 * i));
}

export const ffmpegALaw = samples(aLaw);
export const ffmpegMuLaw = samples(muLaw);
