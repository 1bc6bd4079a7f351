import Networks
import Nodes
import Testing

/// The JSON object of a run's row.
@Suite struct RunSpecificationTests {
    @Test func everyFieldIsKept() throws {
        let json =
            #"{"attention":true,"averaging":"fedavg","balanced":true,"batch":32,"channels":["logmel","tgram"],"crop":2,"#
            + #""ema":"0.995","epochs":3,"exchange":"float32","falseAlarmRate":0.01,"finishSteps":1,"fixedNorms":0.5,"#
            + #""learningRate":0.001,"mode":"local","replicas":2,"roundSteps":5,"score":"hybrid","seed":7,"shard":4,"#
            + #""steps":100,"subCentres":2,"swa":50,"validationInterval":10,"warmUpSteps":2,"width":0.5}"#
        #expect(try RunSpecification(json: json).json == json)
        let single = #"{"ema":"published","memoryPool":true,"recipe":"published","teacher":true,"teacherWeight":0.5}"#
        #expect(try RunSpecification(json: single).json == single)
        #expect(try RunSpecification(json: "{}").json == "{}")
    }

    @Test(arguments: [
        (#"{"mode":"remote"}"#, "mode"), (#"{"channels":["logmel","echo"]}"#, "logmel,tgram"),
        (#"{"channels":["tgram"]}"#, "logmel,tgram"), (#"{"ema":"fast"}"#, "a decay"), (#"{"ema":"1.5"}"#, "a decay"),
        (#"{"score":"loud"}"#, "score"), (#"{"recipe":"mine"}"#, "recipe"), (#"{"batch":1}"#, "batch is 1"),
        (#"{"width":9}"#, "width is 9"), (#"{"subCentres":0}"#, "subCentres"), (#"{"crop":0}"#, "crop"),
        (#"{"swa":200,"steps":100}"#, "swa"), (#"{"teacherWeight":1}"#, "teacher"),
        (#"{"mode":"local","teacher":true}"#, "mode sync"), (#"{"mode":"local","memoryPool":true}"#, "mode sync"),
        (#"{"mode":"local","ema":"published"}"#, "mode sync"), (#"{"mode":"local","recipe":"published"}"#, "mode sync"),
        (#"{"learningRate":0}"#, "learning rate"), (#"{"falseAlarmRate":1}"#, "false-alarm"), ("[", "not what"),
    ])
    func whatMakesNoSenseIsRefusedByName(json: String, word: String) {
        let error = #expect(throws: RunSpecificationError.self) { try RunSpecification(json: json) }
        #expect(error?.description.contains(word) == true, "\(json): \(error?.description ?? "")")
    }

    @Test func architecturesAreAsAskedFor() throws {
        let plain = Architecture(RunSpecification(), hasAudio: true)
        #expect(plain == Architecture(channels: [.logMel, .tgram]))
        let asked = try RunSpecification(json: #"{"attention":true,"subCentres":3,"width":0.5}"#)
        let architecture = Architecture(asked, hasAudio: false)
        #expect(architecture.channels == [.logMel, .attention] && architecture.subCentres == 3)
        #expect(architecture.stemChannels == 32 && architecture.complaint == nil)
    }
}
