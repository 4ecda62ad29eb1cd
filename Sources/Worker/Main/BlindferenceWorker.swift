internal import Worker

@main
struct BlindferenceWorker {
    static func main() { WorkerProcess.run() }
}
