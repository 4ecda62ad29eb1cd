/// Everything a worker is told about its job, none of it secret. The model's API key travels beside it as a raw body.
package struct JobOrder: Sendable, Equatable {
    /// How the network sealed the key halves to the worker's public key.
    package enum Seal: Sendable, Equatable {
        /// X25519, HKDF-SHA256, AES-256-GCM: the JSON-RPC dialect of cofhe.md 9.
        case hkdf
        /// X25519, XSalsa20, Poly1305 (NaCl's `crypto_box`), and signed by the network (cofhe.md 1.6 and 3).
        case box(BoxSeal)
    }

    package enum Backend: Sendable, Equatable {
        /// `MOCK_OUTPUT_` and a hash: no model, for tests and the devnet.
        case mock
        case chat(ChatOrder)
    }

    package let role: JobMachine.Role
    /// The full model id as assigned, with any provider prefix.
    package let modelID: String
    package let seal: Seal
    package let backend: Backend
    /// A leader's way to have the output key's halves encrypted.
    package let encryption: EncryptionOrder?

    package init(role: JobMachine.Role, modelID: String, seal: Seal, backend: Backend, encryption: EncryptionOrder?) {
        self.role = role
        self.modelID = modelID
        self.seal = seal
        self.backend = backend
        self.encryption = encryption
    }
}

/// A chat request to one model server (models.md).
package struct ChatOrder: Sendable, Equatable {
    package enum Dialect: String, Sendable {
        /// Anchored prompt, system turn, 512 completion tokens, seed 42.
        case groq
        /// Any OpenAI-compatible server: the bare prompt, our own parameters.
        case openai
        /// `generateContent` with an anchored prompt.
        case gemini
    }

    package let dialect: Dialect
    /// The provider's own name of the model, without our prefix.
    package let model: String
    package let endpoint: Endpoint
    /// For `openai` only; the others' budgets are part of the agreement between nodes.
    package let maximumTokens: Int
    /// Whole exchange, in milliseconds.
    package let timeout: Int

    package init(dialect: Dialect, model: String, endpoint: Endpoint, maximumTokens: Int, timeout: Int) {
        self.dialect = dialect
        self.model = model
        self.endpoint = endpoint
        self.maximumTokens = maximumTokens
        self.timeout = timeout
    }
}

/// How the output key's halves are encrypted for the user.
package enum EncryptionOrder: Sendable, Equatable {
    /// By a service that sees them (cofhe.md 9), over a connection that the supervisor cannot read where it uses TLS.
    case service(EncryptionService)
    /// By a helper process on this machine, over a socket that the supervisor has closed; milliseconds.
    case helper(timeout: Int)
}

/// Where and for whom the halves are encrypted, in the JSON-RPC dialect of cofhe.md 9.
package struct EncryptionService: Sendable, Equatable {
    package let endpoint: Endpoint
    /// The account that will own the ciphertexts, EIP-55.
    package let account: String
    /// One exchange, in milliseconds.
    package let timeout: Int

    package init(endpoint: Endpoint, account: String, timeout: Int) {
        self.endpoint = endpoint
        self.account = account
        self.timeout = timeout
    }
}

/// A place the worker may ask to be connected to. The supervisor connects; the worker speaks, and ends TLS itself.
package struct Endpoint: Sendable, Equatable {
    package enum Name: String, Sendable { case model, encryption }

    package let name: Name
    package let host: String
    package let port: Int
    package let path: String
    package let usesTLS: Bool

    package init(name: Name, host: String, port: Int, path: String, usesTLS: Bool) {
        self.name = name
        self.host = host
        self.port = port
        self.path = path
        self.usesTLS = usesTLS
    }
}
