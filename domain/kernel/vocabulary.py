"""The closed lists of words that the whole house shares; the glossary gives each its meaning.

The values are the wire names of the GraphQL contract (api.md) and are what the database stores.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FIRST_ROUND: Final = 1  # the first handling; every rework is one round higher


class TicketKind(StrEnum):
    """诉求类型: what the citizen wants."""

    CONSULTATION = "CONSULTATION"  # 咨询
    HELP = "HELP"  # 求助
    COMPLAINT = "COMPLAINT"  # 投诉
    REPORT = "REPORT"  # 举报
    SUGGESTION = "SUGGESTION"  # 建议
    PRAISE = "PRAISE"  # 表扬


class TicketStatus(StrEnum):
    """工单状态: where a ticket stands."""

    RECEIVED = "RECEIVED"  # 已登记，待分流
    ANSWERED = "ANSWERED"  # 直接答复
    REDIRECTED = "REDIRECTED"  # 已转接或告知其他渠道
    MERGED = "MERGED"  # 已并单
    DISPATCHED = "DISPATCHED"  # 已派单，待签收
    CONTESTED = "CONTESTED"  # 派单异议审核中
    ACCEPTED = "ACCEPTED"  # 已签收，办理中
    SUSPENDED = "SUSPENDED"  # 挂账
    REPLIED = "REPLIED"  # 已答复，待回访
    CLOSED = "CLOSED"  # 办结
    WITHDRAWN = "WITHDRAWN"  # 市民撤回


class ResponseLevel(StrEnum):
    """四级响应, from the most to the least urgent."""

    L1 = "L1"  # 一级：两小时
    L2 = "L2"  # 二级：二十四小时
    L3 = "L3"  # 三级：七日
    L4 = "L4"  # 四级：十五日


class ClockName(StrEnum):
    """The three limits that run on one assignment."""

    ACCEPT = "ACCEPT"  # 签收
    CONTACT = "CONTACT"  # 首次联系市民
    REPLY = "REPLY"  # 答复，即办理时限


class Channel(StrEnum):
    """受理渠道: the way by which a ticket came in."""

    PHONE = "PHONE"  # 电话
    WEB = "WEB"  # 网站
    WECHAT_MINI_PROGRAM = "WECHAT_MINI_PROGRAM"  # 微信小程序
    WECHAT_OFFICIAL_ACCOUNT = "WECHAT_OFFICIAL_ACCOUNT"  # 微信公众号
    APP = "APP"  # 手机应用
    SMS = "SMS"  # 短信
    MAILBOX = "MAILBOX"  # 市长信箱
    WEIBO = "WEIBO"  # 微博
    TOUTIAO = "TOUTIAO"  # 头条
    PEOPLE_CN = "PEOPLE_CN"  # 人民网领导留言板
    STATE_COUNCIL_SUPERVISION = "STATE_COUNCIL_SUPERVISION"  # 国办“互联网+督查”
    NATIONAL_COMPLAINTS = "NATIONAL_COMPLAINTS"  # 国家政务服务投诉与建议
    OPEN311 = "OPEN311"  # Open311 接口
    PARTNER = "PARTNER"  # 合作渠道
    IMPORT = "IMPORT"  # 历史数据导入


class CategorySource(StrEnum):
    """分类来源: who says that a ticket belongs to its category."""

    SUBMITTED = "SUBMITTED"  # 登记时选定
    MODEL = "MODEL"  # 模型判定
    CENTRE = "CENTRE"  # 热线中心定类


class UnitLevel(StrEnum):
    """承办单位层级: where a unit stands in the tree."""

    CITY = "CITY"  # 市
    DISTRICT = "DISTRICT"  # 区
    STREET = "STREET"  # 街道（乡镇）
    COMMUNITY = "COMMUNITY"  # 社区（村）
    DEPARTMENT = "DEPARTMENT"  # 部门
    ENTERPRISE = "ENTERPRISE"  # 公共服务企业


class UnitGroup(StrEnum):
    """考评分组: units are ranked among their own only."""

    STREET = "STREET"  # 街道（乡镇）
    DISTRICT = "DISTRICT"  # 区
    DEPARTMENT = "DEPARTMENT"  # 部门
    ENTERPRISE = "ENTERPRISE"  # 公共服务企业


class Satisfaction(StrEnum):
    """满意度, in the five steps of the callback."""

    VERY_SATISFIED = "VERY_SATISFIED"  # 非常满意
    SATISFIED = "SATISFIED"  # 满意
    BASICALLY_SATISFIED = "BASICALLY_SATISFIED"  # 基本满意
    DISSATISFIED = "DISSATISFIED"  # 不满意
    VERY_DISSATISFIED = "VERY_DISSATISFIED"  # 非常不满意


class CallbackOutcome(StrEnum):
    """回访结果: what follows from one callback."""

    CLOSE = "CLOSE"  # 办结，计入考评
    REWORK = "REWORK"  # 重办
    RETRY = "RETRY"  # 再次回访
    CLOSE_UNSCORED = "CLOSE_UNSCORED"  # 办结，不计入考评


class SupervisionGrade(StrEnum):
    """督办等级, from the mildest to the gravest."""

    ROUTINE = "ROUTINE"  # 日常督办
    KEY = "KEY"  # 重点督办
    TASK_FORCE = "TASK_FORCE"  # 专班督办
    DISCIPLINE = "DISCIPLINE"  # 执纪问责


class SupervisionTrigger(StrEnum):
    """督办缘由: what an order of supervision was opened for."""

    HAND = "HAND"  # 督办员发起
    OVERDUE = "OVERDUE"  # 答复超期
    REWORKS = "REWORKS"  # 多次重办
    TRANSFERS = "TRANSFERS"  # 多次转派
    URGES = "URGES"  # 多次催办
    REPEATED = "REPEATED"  # 重复诉求：同一市民同一类
    CONCENTRATED = "CONCENTRATED"  # 集中诉求：同一街乡同一类
    ESCALATION = "ESCALATION"  # 提级后逾期未推动


class ExtensionStatus(StrEnum):
    """延期申请: what became of a request for more time."""

    REQUESTED = "REQUESTED"  # 待审批
    APPROVED = "APPROVED"  # 已批准
    REFUSED = "REFUSED"  # 未批准
    LAPSED = "LAPSED"  # 到期未审批，自行失效
