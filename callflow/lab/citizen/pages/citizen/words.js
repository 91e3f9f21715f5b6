// Every word of the citizen's telephone, Chinese first.

import { addWords } from "../core/i18n.js";

addWords({
  "title": ["诉求人电话", "Be the citizen"],
  "head": ["诉求人电话(模拟运营商)", "Citizen's telephone (simulated carrier)"],
  "from": ["我的号码", "My number"],
  "from.withheld": ["{number}(隐藏号码)", "{number} (withheld)"],
  "dial": ["拨打 {number}", "Call {number}"],
  "end": ["挂机", "Hang up"],
  "pad": ["拨号键", "Keypad"],
  "stand.idle": ["未通话", "No call"],
  "stand.calling": ["正在接通 {number}…", "Calling {number}…"],
  "stand.ringing": ["{number} 振铃中…", "{number} is ringing…"],
  "stand.talking": ["与 {number} 通话中 {time}", "On the line with {number} {time}"],
  "stand.over": ["通话结束 {time}", "The call is over {time}"],
  "stand.failed": ["未接通:{why}", "Not connected: {why}"],
  "why.busy": ["对方忙", "busy"],
  "why.rejected": ["对方拒接", "rejected"],
  "why.no_answer": ["无人接听", "no answer"],
  "why.cancelled": ["已取消", "cancelled"],
  "why.no_microphone": ["无法使用麦克风", "no microphone"],
  "why.away": ["试验环境未就绪", "the lab does not answer"],
  "why.other": ["无法接通", "cannot be reached"],
  "hear": ["听到", "You hear"],
  "hear.nothing": ["无声", "nothing"],
  "hear.tone": ["音乐或提示音", "music or a tone"],
  "hear.voice": ["有人说话", "somebody speaking"],
  "level": ["音量", "Loudness"],
  "story": [
    "在同一浏览器打开两个坐席页面(./run up 给出地址和账号)并登录;拨打 12345,在 12345 页按 A 接听,按 T 再按 1、Y 转接;在 110 页按 A 接听。建议使用耳机。",
    "Open both desks in this browser (./run up prints addresses and log-ins) and sign in. Call 12345, press A at its desk to answer, T, 1, Y to hand over; press A at 110's desk. Headphones help.",
  ],
  "only.lab": ["仅用于本机试验环境。", "In the lab on this machine only."],
});
