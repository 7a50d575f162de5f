//! Open vocabularies (a value should be in them) and enumerations (it must be), as in section 10 of STIX 2.1
//! with its errata 01.

use super::code::{self, Code};

/// A list of terms.
pub(super) struct Words {
    /// What the specification calls it.
    pub(super) name: &'static str,
    /// The rule that a value outside it breaks.
    pub(super) code: &'static Code,
    words: &'static [&'static str],
}

impl Words {
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// The first terms, for messages.
    pub(super) fn some(&self) -> &'static [&'static str] {
        self.words
    }
}

macro_rules! words {
    ($($id:ident $name:literal $code:ident: $($word:literal)*;)*) => {
        $(pub(super) static $id: Words = Words { name: $name, code: &code::$code, words: &[$($word),*] };)*
    };
}

words! {
    ACCOUNT_TYPE "account-type-ov" ACCOUNT_TYPE: "facebook" "ldap" "nis" "openid" "radius" "skype" "tacacs" "twitter"
        "unix" "windows-local" "windows-domain";
    ATTACK_MOTIVATION "attack-motivation-ov" ATTACK_MOTIVATION: "accidental" "coercion" "dominance" "ideology"
        "notoriety" "organizational-gain" "personal-gain" "personal-satisfaction" "revenge" "unpredictable";
    ATTACK_RESOURCE_LEVEL "attack-resource-level-ov" ATTACK_RESOURCE_LEVEL: "individual" "club" "contest" "team"
        "organization" "government";
    ENCRYPTION_ALGORITHM "encryption-algorithm-enum" ENUM: "AES-256-GCM" "ChaCha20-Poly1305" "mime-type-indicated";
    EXTENSION_TYPE "extension-type-enum" EXTENSION_TYPE: "new-sdo" "new-sco" "new-sro" "property-extension"
        "toplevel-property-extension";
    GROUPING_CONTEXT "grouping-context-ov" GROUPING_CONTEXT: "suspicious-activity" "malware-analysis" "unspecified";
    HASH_ALGORITHM "hash-algorithm-ov" HASH_ALGORITHM: "MD5" "SHA-1" "SHA-256" "SHA-512" "SHA3-256" "SHA3-512"
        "SSDEEP" "TLSH";
    IDENTITY_CLASS "identity-class-ov" IDENTITY_CLASS: "individual" "group" "system" "organization" "class" "unknown";
    IMPLEMENTATION_LANGUAGE "implementation-language-ov" IMPLEMENTATION_LANGUAGE: "applescript" "bash" "c" "c++" "c#"
        "go" "java" "javascript" "lua" "objective-c" "perl" "php" "powershell" "python" "ruby" "rust" "scala" "swift"
        "typescript" "visual-basic" "x86-32" "x86-64";
    INDICATOR_TYPE "indicator-type-ov" INDICATOR_TYPE: "anomalous-activity" "anonymization" "benign" "compromised"
        "malicious-activity" "attribution" "unknown";
    INDUSTRY_SECTOR "industry-sector-ov" INDUSTRY_SECTOR: "agriculture" "aerospace" "automotive" "chemical"
        "commercial" "communications" "construction" "defense" "education" "energy" "entertainment"
        "financial-services" "government" "emergency-services" "government-local" "government-national"
        "government-public-services" "government-regional" "healthcare" "hospitality-leisure" "infrastructure" "dams"
        "nuclear" "water" "insurance" "legal" "manufacturing" "mining" "non-profit" "pharmaceuticals" "retail"
        "technology" "telecommunications" "transportation" "utilities";
    INFRASTRUCTURE_TYPE "infrastructure-type-ov" INFRASTRUCTURE_TYPE: "amplification" "anonymization" "botnet"
        "command-and-control" "control-system" "exfiltration" "firewall" "hosting-malware" "hosting-target-lists"
        "phishing" "reconnaissance" "routers-switches" "staging" "workstation" "unknown";
    MALWARE_CAPABILITY "malware-capabilities-ov" MALWARE_CAPABILITY: "accesses-remote-machines" "anti-debugging"
        "anti-disassembly" "anti-emulation" "anti-memory-forensics" "anti-sandbox" "anti-vm"
        "captures-input-peripherals" "captures-output-peripherals" "captures-system-state-data"
        "cleans-traces-of-infection" "commits-fraud" "communicates-with-c2" "compromises-data-availability"
        "compromises-data-integrity" "compromises-system-availability" "controls-local-machine"
        "degrades-security-software" "degrades-system-updates" "determines-c2-server" "emails-spam"
        "escalates-privileges" "evades-av" "exfiltrates-data" "fingerprints-host" "hides-artifacts"
        "hides-executing-code" "infects-files" "infects-remote-machines" "installs-other-components"
        "persists-after-system-reboot" "prevents-artifact-access" "prevents-artifact-deletion"
        "probes-network-environment" "self-modifies" "steals-authentication-credentials"
        "violates-system-operational-integrity";
    MALWARE_RESULT "malware-result-ov" MALWARE_RESULT: "malicious" "suspicious" "benign" "unknown";
    MALWARE_TYPE "malware-type-ov" MALWARE_TYPE: "adware" "backdoor" "bot" "bootkit" "ddos" "downloader" "dropper"
        "exploit-kit" "keylogger" "ransomware" "remote-access-trojan" "resource-exploitation"
        "rogue-security-software" "rootkit" "screen-capture" "spyware" "trojan" "unknown" "virus" "webshell" "wiper"
        "worm";
    OPINION "opinion-enum" ENUM: "strongly-disagree" "disagree" "neutral" "agree" "strongly-agree";
    PATTERN_TYPE "pattern-type-ov" PATTERN_TYPE: "stix" "pcre" "sigma" "snort" "suricata" "yara";
    PE_TYPE "windows-pebinary-type-ov" PE_TYPE: "dll" "exe" "sys";
    PROCESSOR_ARCHITECTURE "processor-architecture-ov" PROCESSOR_ARCHITECTURE: "alpha" "arm" "ia-64" "mips" "powerpc"
        "sparc" "x86" "x86-64";
    REGION "region-ov" REGION: "africa" "eastern-africa" "middle-africa" "northern-africa" "southern-africa"
        "western-africa" "americas" "caribbean" "central-america" "latin-america-caribbean" "northern-america"
        "south-america" "asia" "central-asia" "eastern-asia" "southern-asia" "south-eastern-asia" "western-asia"
        "europe" "eastern-europe" "northern-europe" "southern-europe" "western-europe" "oceania" "antarctica"
        "australia-new-zealand" "melanesia" "micronesia" "polynesia";
    REGISTRY_DATATYPE "windows-registry-datatype-enum" ENUM: "REG_NONE" "REG_SZ" "REG_EXPAND_SZ" "REG_BINARY"
        "REG_DWORD" "REG_DWORD_BIG_ENDIAN" "REG_DWORD_LITTLE_ENDIAN" "REG_LINK" "REG_MULTI_SZ" "REG_RESOURCE_LIST"
        "REG_FULL_RESOURCE_DESCRIPTION" "REG_RESOURCE_REQUIREMENTS_LIST" "REG_QWORD" "REG_INVALID_TYPE";
    REPORT_TYPE "report-type-ov" REPORT_TYPE: "attack-pattern" "campaign" "identity" "incident" "indicator"
        "intrusion-set" "malware" "observed-data" "threat-actor" "threat-report" "tool" "vulnerability";
    SERVICE_START "windows-service-start-type-enum" ENUM: "SERVICE_AUTO_START" "SERVICE_BOOT_START"
        "SERVICE_DEMAND_START" "SERVICE_DISABLED" "SERVICE_SYSTEM_ALERT";
    SERVICE_STATUS "windows-service-status-enum" ENUM: "SERVICE_CONTINUE_PENDING" "SERVICE_PAUSE_PENDING"
        "SERVICE_PAUSED" "SERVICE_RUNNING" "SERVICE_START_PENDING" "SERVICE_STOP_PENDING" "SERVICE_STOPPED";
    SERVICE_TYPE "windows-service-type-enum" ENUM: "SERVICE_KERNEL_DRIVER" "SERVICE_FILE_SYSTEM_DRIVER"
        "SERVICE_WIN32_OWN_PROCESS" "SERVICE_WIN32_SHARE_PROCESS";
    SOCKET_FAMILY "network-socket-address-family-enum" ENUM: "AF_UNSPEC" "AF_INET" "AF_IPX" "AF_APPLETALK"
        "AF_NETBIOS" "AF_INET6" "AF_IRDA" "AF_BTH";
    SOCKET_TYPE "network-socket-type-enum" ENUM: "SOCK_STREAM" "SOCK_DGRAM" "SOCK_RAW" "SOCK_RDM" "SOCK_SEQPACKET";
    THREAT_ACTOR_ROLE "threat-actor-role-ov" THREAT_ACTOR_ROLE: "agent" "director" "independent"
        "infrastructure-architect" "infrastructure-operator" "malware-author" "sponsor";
    THREAT_ACTOR_SOPHISTICATION "threat-actor-sophistication-ov" THREAT_ACTOR_SOPHISTICATION: "none" "minimal"
        "intermediate" "advanced" "expert" "innovator" "strategic";
    THREAT_ACTOR_TYPE "threat-actor-type-ov" THREAT_ACTOR_TYPE: "activist" "competitor" "crime-syndicate" "criminal"
        "hacker" "insider-accidental" "insider-disgruntled" "nation-state" "private-sector" "sensationalist" "spy"
        "terrorist" "unknown";
    TOOL_TYPE "tool-type-ov" TOOL_TYPE: "denial-of-service" "exploitation" "information-gathering" "network-capture"
        "credential-exploitation" "remote-access" "vulnerability-scanning" "unknown";
    INTEGRITY_LEVEL "windows-integrity-level-enum" ENUM: "low" "medium" "high" "system";

    PDF_INFO "the document information dictionary of PDF" PDF_INFO: "Title" "Author" "Subject" "Keywords" "Creator"
        "Producer" "CreationDate" "ModDate" "Trapped";
}
