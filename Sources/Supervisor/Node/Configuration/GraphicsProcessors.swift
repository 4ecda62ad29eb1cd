internal import Foundation

/// The NVIDIA processors of this machine, as its kernel driver lists them; none where there is no driver.
package enum GraphicsProcessors {
    package static func found(in directory: String = "/proc/driver/nvidia/gpus") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().map { name in
            let data = FileManager.default.contents(atPath: "\(directory)/\(name)/information") ?? Data()
            let model = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Model:") }
            return model.map { $0.dropFirst(6).trimmingCharacters(in: .whitespaces) } ?? name
        }
    }
}
