internal import Metrics

/// What the node counts for whoever bootstraps a metrics system. Names are those that operators were promised
/// (icl.md 5.2) where there is one. Nothing of a job's content, and no label that tells jobs apart.
enum NodeMetrics {
    /// From the first decrypted byte to the last wiped one, of one job.
    static func exposed(for duration: Duration) {
        Metrics.Timer(label: "blindference_exposure_seconds").record(duration: duration)
    }
}
