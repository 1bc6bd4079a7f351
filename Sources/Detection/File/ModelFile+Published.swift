package import Networks
package import Plant
package import Spectra

extension ModelFile {
    /// Reads a file by anybody: one that was exported here, or a published OS-SCL checkpoint converted to safetensors.
    ///
    /// - Parameters:
    ///   - name: how errors call the file.
    ///   - machines: the class table of a checkpoint, which states none itself; the published one when nil.
    ///   - feature: what a checkpoint's network hears.
    ///   - prefix: what to leave out at the beginning of every tensor's name.
    ///
    /// Throws `.damagedFile` with what is missing or wrong.
    package init(
        reading bytes: [UInt8], name: String, machines: [MachineName]? = nil, feature: LogMelParameters = .method,
        strippingPrefix prefix: String? = nil
    ) throws(ModelError) {
        var file: Safetensors
        do throws(SafetensorsError) {
            file = try Safetensors(decoding: bytes, name: name)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        if let prefix {
            file.tensors = try Self.stripped(file.tensors, of: prefix, name: name)
        } else if let wrapper = Self.wrapper(of: file.tensors) {
            throw ModelError(
                .damagedFile,
                "\(name) is not a usable model: the names of its tensors begin with \"\(wrapper)\", as a wrapper such as "
                    + "DataParallel leaves them; give --strip-prefix \(wrapper)")
        }
        guard file.metadata["kind"] == nil, file["arcface.weight"] != nil else {
            try self.init(file, name: name)
            return
        }
        self = try NetworkModel(published: file, name: name, machines: machines, feature: feature).file
    }

    /// What a wrapper put in front of every name, nil where none did.
    private static func wrapper(of tensors: [Safetensors.Tensor]) -> String? {
        let head = ".arcface.weight"
        let prefix = tensors.first { $0.name.hasSuffix(head) }.map { $0.name.dropLast(head.count) + "." } ?? "module."
        return !tensors.isEmpty && tensors.allSatisfy { $0.name.hasPrefix(prefix) } ? String(prefix) : nil
    }

    private static func stripped(
        _ tensors: [Safetensors.Tensor], of prefix: String, name: String
    ) throws(ModelError) -> [Safetensors.Tensor] {
        let stripped = tensors.map { tensor in
            var tensor = tensor
            if tensor.name.hasPrefix(prefix) { tensor.name.removeFirst(prefix.count) }
            return tensor
        }
        guard Set(stripped.map(\.name)).count == tensors.count else {
            throw ModelError(.damagedFile, "\(name): without \"\(prefix)\" two tensors have the same name")
        }
        guard stripped.map(\.name) != tensors.map(\.name) else {
            throw ModelError(.damagedFile, "\(name): no tensor's name begins with \"\(prefix)\"; leave the option out")
        }
        return stripped
    }
}

extension NetworkModel {
    /// The classes of the published networks: six machine types of the DCASE challenge of 2020, task 2.
    package static let publishedMachines: [MachineName] = [
        ("fan", 0...6), ("pump", 0...6), ("slider", 0...6), ("ToyCar", 1...7), ("ToyConveyor", 1...6), ("valve", 0...6),
    ].flatMap { type, numbers in numbers.compactMap { MachineName(type: type, id: "id_0\($0)") } }

    /// A published OS-SCL checkpoint as a model: scored by its log-odds, and by the first window of a clip alone.
    ///
    /// Throws `.damagedFile` with what is missing or wrong.
    package init(
        published checkpoint: Safetensors, name: String, machines: [MachineName]? = nil,
        feature: LogMelParameters = .method
    ) throws(ModelError) {
        let parameters: Parameters
        do throws(SafetensorsError) {
            parameters = try Parameters(importing: checkpoint, file: name)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        let classes = parameters.architecture.classes
        let table = machines ?? Self.publishedMachines
        guard table.count == classes else {
            throw ModelError(
                .damagedFile,
                "\(name) tells \(classes) machines apart and the class table names \(table.count); "
                    + "give its machines in the order of its classes")
        }
        try self.init(parameters, feature: feature, machines: table, windowHop: 0)
    }
}
