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
    ///
    /// Throws `.damagedFile` with what is missing or wrong.
    package init(
        reading bytes: [UInt8], name: String, machines: [MachineName]? = nil, feature: LogMelParameters = .method
    ) throws(ModelError) {
        let file: Safetensors
        do throws(SafetensorsError) {
            file = try Safetensors(decoding: bytes, name: name)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        guard file.metadata["kind"] == nil, file["arcface.weight"] != nil else {
            try self.init(file, name: name)
            return
        }
        self = try NetworkModel(published: file, name: name, machines: machines, feature: feature).file
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
