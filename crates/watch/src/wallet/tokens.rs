//! Chains that share the EVM's form, and tokens with the chains on which they are issued.
//!
//! Sources: `ethereum-lists/chains` for names of EVM chains; the issuers' own lists of chains for stablecoins; otherwise
//! the token's contract. The names are those that compliance software and lists of sanctions use.

/// Names of chains, and of their currencies, whose addresses are those of Ethereum.
#[rustfmt::skip]
pub(super) const EVM: &[&[&str]] = &[
    &["etc", "ethereumclassic"], &["ethw", "ethereumpow"], &["etz", "etherzero"], &["exp", "expanse"],
    &["clo", "callisto"], &["ubq", "ubiq"], &["bsc", "bep20", "binancesmartchain", "bnbsmartchain", "bnbchain"],
    &["matic", "polygon", "pol", "polygonpos"], &["arb", "arbitrum", "arbitrumone", "arbitrumnova"],
    &["op", "optimism"], &["base"], &["ftm", "fantom"], &["s", "sonic"], &["celo", "cgld", "cusd", "ceur"],
    &["bera", "berachain"], &["ip", "story"], &["flr", "flare"], &["sgb", "songbird"], &["vet", "vechain", "vtho"],
    &["klay", "klaytn", "kaia"], &["movr", "moonriver"], &["glmr", "moonbeam"], &["xdai", "gnosischain"],
    &["aurora"], &["metis"], &["boba"], &["linea"], &["scroll"], &["zksync", "zk", "zksyncera"], &["mnt", "mantle"],
    &["blast"], &["mode"], &["manta"], &["fuse"], &["tfuel", "theta", "thetafuel"], &["wan", "wanchain"],
    &["pls", "pulsechain"], &["hyperliquid", "hype", "hyperevm"], &["ron", "ronin"], &["core", "coredao"],
    &["cfx", "conflux", "confluxespace"], &["okt", "okc", "okexchain"], &["ht", "heco"], &["kcs", "kcc"],
    &["poa"], &["go", "gochain"], &["tomo", "tomochain", "viction"], &["abstract"], &["unichain"], &["worldchain"],
    &["sophon"], &["taiko"], &["zora"], &["merlin"], &["bob"], &["monad", "mon"], &["plasma", "xpl"],
];

/// Tokens by their names and the ids or names of the chains on which they are.
#[rustfmt::skip]
pub(super) const TOKENS: &[(&[&str], &[&str])] = &[
    (&["usdt", "tether", "usdterc20", "usdttrc20", "usdtomni"], &["eth", "trx", "btc", "sol", "ton", "xtz", "algo", "move", "dot", "avax"]),
    (&["usdc", "usdcoin"], &["eth", "sol", "trx", "xlm", "algo", "move", "noble", "dot", "hbar", "avax"]),
    (&["eurc", "eurocoin"], &["eth", "sol", "xlm", "avax"]),
    (&["eurt", "xaut"], &["eth"]),
    (&["tusd", "trueusd"], &["eth", "trx", "avax"]),
    (&["usdd", "btt", "bittorrent", "jst", "just", "sun", "win", "winklink", "nft", "usd1", "usdj"], &["trx", "eth"]),
    (&["pyusd", "paypalusd"], &["eth", "sol", "xlm"]),
    (&["trc20", "trc10"], &["trx"]),
    (&["omni", "omnilayer", "brc20", "runes", "lightning", "ordi", "sats"], &["btc"]),
    (&["erc20", "erc721", "erc1155", "evm"], &["eth"]),
    (&["tomb", "tron20"], &["trx"]),
    (&["bonk", "mobile", "heliummobile", "shdw", "shadow", "genesysgoshadow", "neon", "jup", "jupiter", "jto", "jito", "ray",
       "raydium", "orca", "wif", "dogwifhat", "pyth", "hnt", "helium", "iot", "heliumiot", "w", "wormhole", "popcat", "mew",
       "trump", "melania", "pump", "fartcoin", "msol", "jitosol", "bome", "mplx", "kmno", "drift", "tnsr", "srm", "serum",
       "gmt", "gst", "atlas", "polis", "samo", "step", "media", "cope", "fida", "oxy", "maps", "zeus", "cloud"], &["sol"]),
    (&["render", "rndr", "gari", "audio", "grass"], &["sol", "eth"]),
    (&["0x", "zrx"], &["eth"]),
    (&["aave", "ankr", "ant", "aragon", "aragonnetwork", "amb", "ambrosus", "ape", "apecoin", "arcblock", "abt", "augur", "rep",
       "axie", "axs", "axieinfinity", "bal", "balancer", "bancor", "bnt", "bankex", "bkx", "basicattentiontoken", "bat", "blur",
       "btuprotocol", "btu", "busd", "binanceusd", "chainlink", "link", "chz", "chiliz", "civic", "cvc", "comp", "compound",
       "cred", "lba", "crypto20", "c20", "crv", "curve", "cvx", "convex", "dai", "sai", "dcn", "dentacoin", "dent", "digixdao",
       "dgd", "district0x", "dnt", "dogo", "edg", "edgeless", "elf", "aelf", "eng", "enigma", "enj", "enjin", "ens", "ethena",
       "ena", "ether1", "ethfi", "etho", "fdusd", "firstblood", "1st", "floki", "frax", "fxs", "fun", "funfair", "gala", "game",
       "gamecredits", "gnosis", "gno", "gnt", "golem", "glm", "grt", "thegraph", "gtc", "gitcoin", "gusd", "geminidollar",
       "hedgetrade", "hedg", "hex", "holo", "hot", "huobitoken", "husd", "idex", "imx", "immutable", "immutablex", "iexec", "rlc",
       "1inch", "inch", "joe", "keep", "kin", "knc", "kyber", "kybernetwork", "kybernetworkcrystal", "ldo", "lido", "lend", "leo",
       "loom", "loomnetwork", "lpt", "livepeer", "lrc", "loopring", "maker", "mkr", "sky", "usds", "mana", "decentraland",
       "matchpool", "gup", "mask", "mco", "melon", "mln", "enzyme", "metal", "mtl", "metronome", "met", "mtn", "medicalchain",
       "monolith", "tkn", "nexo", "nmr", "numeraire", "nuls", "ocean", "oceanprotocol", "okb", "omg", "omisego", "omgnetwork",
       "paxg", "paxgold", "pax", "paxos", "usdp", "paxdollar", "pay", "tenx", "pepe", "perp", "poly", "polymath", "powr",
       "powerledger", "ppt", "populous", "pro", "propy", "qash", "qsp", "quantstamp", "qnt", "quant", "qkc", "quarkchain", "rari",
       "rcn", "rdn", "raiden", "raidennetworktoken", "ren", "req", "request", "requestnetwork", "rpl", "rocketpool", "rsr", "rlb",
       "salt", "sand", "sandbox", "serve", "shib", "shibainu", "snt", "status", "statusnetwork", "snx", "synthetix", "solve",
       "spank", "spankchain", "spell", "spendcoin", "spnd", "sphtx", "srn", "ssv", "stg", "steth", "storj", "storm", "stormx",
       "stmx", "sushi", "sushiswap", "susde", "usde", "swarmcity", "swt", "swrv", "tap", "xtp", "tel", "telcoin", "temco",
       "titanium", "bar", "titaniumblockchain", "tribe", "tru", "truefi", "turbo", "uma", "uni", "uniswap", "uquid", "uqc", "utk",
       "utrust", "ven", "veri", "veritaseum", "vib", "viberate", "viu", "voyager", "vgx", "wax20", "wbtc", "wrappedbitcoin", "weth",
       "wrappedether", "wings", "wld", "worldcoin", "woo", "wtc", "xsushi", "yfi", "yearnfinance", "yfii", "yoyow", "zil20", "cel",
       "celsius", "ftt", "ftx", "bit", "cdai", "cusdc", "lusd", "liquity", "lqty", "mim", "ohm", "olympus", "dola", "gho",
       "rose20", "dao", "data", "streamr", "datacoin", "aergo", "agi", "agix", "band20", "bix", "box", "cmt", "cnd", "cindicator",
       "ctxc", "cortex", "dta", "fuel", "gvt", "genesisvision", "icn", "ind", "insur", "jnt", "key", "mft", "mith", "mod", "modum",
       "nas20", "nec", "ncash", "npxs", "pundix", "ost", "plr", "pillar", "poe", "poet", "ppp", "qlc20", "r", "revain", "sub",
       "substratum", "taas", "theta20", "tnb", "tnt", "tierion", "trst", "wetrust", "vee", "vibe", "xmx", "zap"], &["eth"]),
];
