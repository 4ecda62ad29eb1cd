#pragma once
#include <secp256k1.h>
#include <secp256k1_recovery.h>

// The library's constant context, which verifies and recovers. A variable of C is no constant to Swift.
static inline const secp256k1_context *_Nonnull csecp256k1_verifier(void) { return secp256k1_context_static; }
