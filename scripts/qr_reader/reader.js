// What the till's script calls: the text of a QR in an ImageData, or nothing.
import decodeQR from "qr/decode.js";

globalThis.readQR = (image) => {
  try { return decodeQR(image); } catch { return ""; } // no QR in sight is what it sees most of the time
};
