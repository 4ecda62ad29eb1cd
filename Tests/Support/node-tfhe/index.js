"use strict";
// A stand-in for node-tfhe: the functions that the helper calls, with the same names, arguments and refusals, and a
// "list" that shows what they were given.

const { createHash } = require("node:crypto");

// What it stands in for is WebAssembly: where that cannot run, or has no room, neither can this.
new WebAssembly.Instance(new WebAssembly.Module(Buffer.from("0061736d01000000", "hex")));
new WebAssembly.Memory({ initial: 1024, maximum: 65536 });

const ZkComputeLoad = Object.freeze({ Proof: 0, Verify: 1 });

function checked(bytes, limit, name) {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} wants bytes`);
  if (typeof limit !== "bigint") throw new TypeError(`${name} wants its limit as a BigInt`);
  if (BigInt(bytes.length) > limit) throw new RangeError(`${name} is too long`);
  return createHash("sha256").update(bytes).digest();
}

class TfheCompactPublicKey {
  static safe_deserialize(bytes, limit) {
    const key = new TfheCompactPublicKey();
    key.digest = checked(bytes, limit, "public key");
    return key;
  }
}

class CompactPkeCrs {
  static safe_deserialize(bytes, limit) {
    const crs = new CompactPkeCrs();
    crs.digest = checked(bytes, limit, "CRS");
    return crs;
  }
}

class CompactCiphertextListBuilder {
  constructor(key) {
    this.key = key;
    this.values = [];
  }

  push_u128(value) {
    if (typeof value !== "bigint" || value < 0n || value >= 1n << 128n) throw new RangeError("no u128");
    this.values.push(Buffer.from(value.toString(16).padStart(32, "0"), "hex"));
  }

  build_with_proof_packed(crs, metadata, load) {
    if (!(crs instanceof CompactPkeCrs)) throw new TypeError("no CRS");
    if (!(metadata instanceof Uint8Array)) throw new TypeError("no metadata");
    if (load !== ZkComputeLoad.Verify) throw new TypeError("proof for another load");
    return new ProvenCompactCiphertextList(
      Buffer.concat([Buffer.from("stand-in"), this.key.digest, crs.digest, metadata, ...this.values]),
    );
  }
}

class ProvenCompactCiphertextList {
  constructor(bytes) {
    this.bytes = bytes;
  }

  static builder(key) {
    if (!(key instanceof TfheCompactPublicKey)) throw new TypeError("no public key");
    return new CompactCiphertextListBuilder(key);
  }

  safe_serialize(limit) {
    checked(this.bytes, limit, "list");
    return new Uint8Array(this.bytes);
  }
}

module.exports = { CompactPkeCrs, ProvenCompactCiphertextList, TfheCompactPublicKey, ZkComputeLoad };
