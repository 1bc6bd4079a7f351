private import CSndFile
private import Synchronization

/// A file in memory, opened by libsndfile; closed with its last use.
///
/// Threading: a handle belongs to one thread at a time and handles do not touch each other, but a failed open writes its
/// reason into variables of the process (`sf_errno`, `sf_parselog` in libsndfile's `sndfile.c`). Opening therefore
/// happens under one lock; reading does not.
struct SoundFile: ~Copyable {
    let channelCount: Int
    private let handle: OpaquePointer
    /// libsndfile keeps an unowned pointer to this.
    private let source: ByteSource

    private static let opening = Mutex(())

    /// Opens the file that `header` followed by `body` makes.
    ///
    /// - Parameter body: must outlive this value.
    /// - Throws: `AudioError` with code `unsupportedEncoding`: whoever calls has checked the header.
    init(header: [UInt8], body: UnsafeRawBufferPointer, clip: String) throws(AudioError) {
        let source = ByteSource(header: header, body: body)
        var callbacks = ByteSource.callbacks
        var info = SF_INFO()
        var opened: OpaquePointer?
        let reason = Self.opening.withLock { _ in
            opened = sf_open_virtual(
                &callbacks, Int32(SFM_READ), &info, Unmanaged.passUnretained(source).toOpaque())
            return opened == nil ? String(cString: sf_strerror(nil)) : ""
        }
        guard let opened else {
            throw AudioError(.unsupportedEncoding, clip: clip, "cannot be read (\(reason)). Send PCM WAV or FLAC.")
        }
        handle = opened
        self.source = source
        channelCount = Int(info.channels)
    }

    deinit {
        sf_close(handle)
    }

    /// Reads up to `frames.count / channelCount` frames, scaled so that full scale is 1.
    ///
    /// - Returns: the number of frames read; fewer at the end of the file or where it is damaged.
    func read(into frames: UnsafeMutableBufferPointer<Float>) -> Int {
        Int(sf_readf_float(handle, frames.baseAddress, sf_count_t(frames.count / channelCount)))
    }

    /// Reads frames as integers, shifted up so that full scale is 2^31.
    func read(into frames: UnsafeMutableBufferPointer<Int32>) -> Int {
        Int(sf_readf_int(handle, frames.baseAddress, sf_count_t(frames.count / channelCount)))
    }

    /// What the decoder complained about, if it did.
    var complaint: String? {
        sf_error(handle) == SF_ERR_NO_ERROR ? nil : String(cString: sf_strerror(handle))
    }
}

/// The bytes behind libsndfile's virtual input.
private final class ByteSource {
    private let header: [UInt8]
    private let body: UnsafeRawBufferPointer
    private var position = 0

    init(header: [UInt8], body: UnsafeRawBufferPointer) {
        self.header = header
        self.body = body
    }

    private var count: Int { header.count + body.count }

    private func seek(by offset: Int, from whence: Int32) -> Int {
        let origin =
            switch Int(whence) {
            case SF_SEEK_CUR: position
            case SF_SEEK_END: count
            default: 0
            }
        position = max(0, min(count, origin + offset))
        return position
    }

    private func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        let wanted = position..<min(count, position + target.count)
        let fromHeader = wanted.clamped(to: 0..<header.count)
        let fromBody = wanted.clamped(to: header.count..<count)
        header.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[fromHeader])) }
        UnsafeMutableRawBufferPointer(rebasing: target[fromHeader.count...]).copyMemory(
            from: UnsafeRawBufferPointer(
                rebasing: body[fromBody.lowerBound - header.count..<fromBody.upperBound - header.count]))
        position = wanted.upperBound
        return wanted.count
    }

    private static func at(_ pointer: UnsafeMutableRawPointer?) -> ByteSource? {
        pointer.map { Unmanaged<ByteSource>.fromOpaque($0).takeUnretainedValue() }
    }

    static var callbacks: SF_VIRTUAL_IO {
        SF_VIRTUAL_IO(
            get_filelen: { sf_count_t(ByteSource.at($0)?.count ?? 0) },
            seek: { sf_count_t(ByteSource.at($2)?.seek(by: Int($0), from: $1) ?? -1) },
            read: { target, count, source in
                sf_count_t(
                    ByteSource.at(source)?.read(into: UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
                        ?? 0)
            },
            write: { _, _, _ in 0 },
            tell: { sf_count_t(ByteSource.at($0)?.position ?? 0) })
    }
}
