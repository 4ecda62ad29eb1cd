/// An answer of the native network that is no success (cofhe.md 1.4).
struct NetworkRefusal: Error {
    let status: Int
    let code: String
    let violation: Violation?

    init(_ status: Int, _ code: String, _ violation: Violation? = nil) {
        self.status = status
        self.code = code
        self.violation = violation
    }

    /// A redirection leads to a path named like its code, which nobody should ever ask for.
    var reply: Reply {
        var reply = Reply.json(["error": .string(code), "error_message": .string(code)], status: status)
        if 300..<400 ~= status { reply.location = "/" + code }
        return reply
    }
}
