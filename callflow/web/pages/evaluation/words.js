// The evaluator's words. No word here is about a person: none of what this page shows has one.

import { addWords } from "../core/i18n.js";

addWords({
  "period": ["期间", "Period"], "period.from": ["起", "From"], "period.to": ["止(含当日)", "To (that day included)"],
  "period.last": ["近 {days} 天", "Last {days} days"], "period.by": ["分组", "By"], "period.read": ["查看", "Show"],
  "period.wrong.order": ["起止日期不完整或先后颠倒。", "Both days are needed, the first one first."],
  "period.wrong.long": ["最多 {most} 天,请分段查看。", "At most {most} days; look at it in parts."],
  "period.zone": ["按北京时间;统计口径为期间内新开立的工单和打入的来电。", "China's time. Counted: tickets opened and calls that came in the period."],
  "by.all": ["全部", "All together"], "by.region": ["按行政区划", "By region"], "by.unit": ["按承办单位", "By unit"],
  "none": ["期间内没有数据", "Nothing in this period"],
  "of": ["{counted} / {of}", "{counted} of {of}"],

  "figure": ["工单指标", "Tickets"],
  "figure.group": ["分组", "Group"], "figure.opened": ["工单数", "Opened"], "figure.signed": ["签收率", "Signed for"],
  "figure.answered_in_time": ["反馈及时率", "First response in time"], "figure.done_in_time": ["按时办结率", "Done in time"],
  "figure.returned": ["退回率", "Returned"], "figure.called_back": ["回访率", "Called back"], "figure.satisfied": ["满意率", "Satisfied"],
  "figure.supervised": ["督办数", "Supervised"], "figure.nowhere": ["未定", "Not settled"],

  "stages": ["各环节用时", "How long each stage took"],
  "stages.stage": ["环节", "Stage"], "stages.count": ["件数", "Tickets"], "stages.p50": ["一半在", "Half within"], "stages.p95": ["95% 在", "95 % within"], "stages.most": ["最长", "Longest"],
  "stage.opened_to_signed": ["开立至签收", "Opened to signed for"], "stage.signed_to_responded": ["签收至初步响应", "Signed for to first response"],
  "stage.responded_to_fed_back": ["初步响应至反馈", "First response to result"], "stage.fed_back_to_called_back": ["反馈至回访", "Result to call-back"],
  "stage.fed_back_to_closed": ["反馈至办结", "Result to closed"], "stage.opened_to_closed": ["开立至办结", "Opened to closed"],

  "lines": ["来电接听", "Calls"], "lines.none": ["期间内没有来电", "No calls in this period"],
  "lines.number": ["号码", "Line"], "lines.answered": ["人工接通率", "Answered by a person"], "lines.soon": ["{seconds} 秒内", "Within {seconds} s"],
  "lines.directly": ["直接解答率", "Answered directly"], "lines.covered": ["有人接听的时段(小时/周)", "Hours of the week answered"],
  "lines.merge": ["应并入", "To be merged"], "lines.merge.yes": ["是", "Yes"], "lines.merge.no": ["否", "No"],
  "handovers": ["转接", "Handovers"], "handovers.begun": ["发起", "Begun"], "handovers.joined": ["接入率", "Joined"],
  "handovers.kept_number": ["携号率", "Number kept"], "handovers.lost": ["接通后中断", "Lost after answer"],
  "handovers.ring": ["按键至振铃,95%", "Key to ringing, 95 %"], "handovers.talk": ["按键至接通,95%", "Key to answer, 95 %"],

  "mystery": ["标记暗访", "Mark a mystery call"],
  "mystery.hint": ["您本人拨打的来电,凭当时告知的工单号标记。坐席与班长看不到此标记;标记后不可撤销,并记入审计。",
    "A call that you made yourself, by the ticket number you were told. Agents and supervisors do not see the mark; it is not taken back, and it is audited."],
  "mystery.ticket": ["工单号", "Ticket number"], "mystery.do": ["标记", "Mark"], "mystery.sure": ["确认标记 {ticket}", "Yes, mark {ticket}"], "mystery.not": ["取消", "Cancel"],
  "mystery.done": ["已标记 {ticket}", "{ticket} is marked"], "mystery.is": ["暗访", "Mystery call"],
  "mystery.form": ["工单号格式不正确。", "That is not a ticket number."],

  "matters": ["逐件办理情况", "How each matter went"], "matters.shown": ["已显示 {shown} 件", "{shown} shown"], "matters.more": ["显示更多", "Show more"],
  "matters.ticket": ["工单号", "Ticket"], "matters.opened": ["开立", "Opened"], "matters.channel": ["渠道", "Channel"], "matters.category": ["分类", "Category"],
  "matters.level": ["等级", "Level"], "matters.where": ["区划 / 单位", "Region / unit"], "matters.signed": ["签收用时", "Signed for after"],
  "matters.response": ["响应用时", "Response after"], "matters.result": ["反馈用时", "Result after"], "matters.went": ["退回 / 督办", "Returned / supervised"],
  "matters.satisfied": ["评价", "Citizen said"],
  "yes.returned": ["退回", "Returned"], "count.supervised": ["督办 {count}", "Supervised {count}"],
  "said.true": ["满意", "Satisfied"], "said.false": ["不满意", "Not satisfied"], "said.null": ["已回访,未评价", "Asked, no answer"], "said.not": ["未回访", "Not asked"],
  "late.not": ["超期未办", "Over the limit"], "late.yes": ["{time} 超期", "{time}, late"],
  "channel.phone": ["电话", "Phone"], "channel.web": ["网站", "Web"], "channel.app": ["客户端", "App"], "channel.sms": ["短信", "SMS"],
  "channel.miniprogram": ["小程序", "Mini program"],
  "channel.mail": ["信函邮件", "Mail"], "channel.visit": ["来访", "Visit"], "channel.field": ["现场", "Field"], "channel.platform": ["对方平台", "Other platform"],
  "long.days": ["{days} 天 {hours} 小时", "{days} d {hours} h"], "long.hours": ["{hours} 小时 {minutes} 分", "{hours} h {minutes} min"],
  "long.minutes": ["{minutes} 分 {seconds} 秒", "{minutes} min {seconds} s"], "long.seconds": ["{seconds} 秒", "{seconds} s"],
});
