package Model::View;
# Model::View - one connection: the selected mailbox as its client knows it, and what it may be told
#
# The client believes what it is told (RFC 3501 7); here each thing told is held against the model's mailbox.
# An entry of {list} is a message as told: its UID, the model's message, and the flags this client knows of
# (undef: not told yet).  The server may tell late, but never what is not so, and only where it is allowed.
use strict;
use warnings;
use Exporter qw(import);
use Halcyon::Oracle;
use Model::Mail;
use Model::World;

our @EXPORT_OK = qw(problem uids_of set_of);

sub problem { die bless { text => join '', @_ }, 'Model::Problem' }

# "1:3,7" -> (1, 2, 3, 7)
sub uids_of { return map { /^(\d+):(\d+)\z/ ? ($1 <= $2 ? $1 .. $2 : $2 .. $1) : $_ } split /,/, $_[0] }

sub set_of {
    my @out;
    for my $n (@_) {
        if (@out && $n == $out[-1][1] + 1) { $out[-1][1] = $n } else { push @out, [ $n, $n ] }
    }
    return join ',', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]:$_->[1]" } @out;
}

sub new {
    my ($class, %o) = @_;
    return bless { condstore => 0, qresync => 0, cache => {}, %o }, $class;
}

# A mailbox is selected; what the client knows of it begins empty.
sub enter {
    my ($self, $box, $rights, $readonly) = @_;
    $self->{box} = $box;
    $self->{readonly} = $readonly;
    $self->{rights} = $rights;
    $self->{list} = [];
    $self->{high} = 0;
    $self->{id} = ++$self->{world}{views};
    delete $self->{saved};
}

# It is left; a client with QRESYNC remembers what it knew.
sub leave {
    my ($self) = @_;
    my $box = delete $self->{box} or return;
    if ($self->{qresync} && $self->{high}) {
        $self->{cache}{ $box->{birth} } = {
            validity => $box->{validity}, high => $self->{high},
            flags => { map { defined $_->{flags} && !$_->{lost} ? ($_->{uid} => $_->{flags}) : () } @{ $self->{list} } },
        };
    }
    delete $self->{saved};
}

sub entry_of_uid {
    my ($self, $uid) = @_;
    for my $e (@{ $self->{list} }) { return $e if $e->{uid} == $uid }
    return;
}

sub last_uid { my ($self) = @_; return @{ $self->{list} } ? $self->{list}[-1]{uid} : 0 }

# ---- what is told
# ctx: expunge (EXPUNGE may come), earlier (VANISHED (EARLIER) may), words (other responses that belong to
# the command), racing (what is told may be of a moment ago), asked { uid => [items] } and uid (what FETCH asked, and how).  It collects: codes, data,
# got { uid => { item => 1 } }, flags_told.
sub fold {
    my ($self, $ctx, @lines) = @_;
    for my $line (@lines) {
        if ($line =~ /^\* (?:OK|NO|BAD|BYE|PREAUTH)\b/) { $self->_fold_status($ctx, $line) }
        elsif ($line =~ /^\* (\d+) (EXISTS|RECENT|EXPUNGE)\z/) { $self->${ \"_fold_\L$2" }($ctx, $1) }
        elsif ($line =~ /^\* (\d+) FETCH \(/) { $self->_fold_fetch($ctx, $1, $line) }
        elsif ($line =~ /^\* VANISHED (\(EARLIER\) )?([\d:,]+)\z/) { $self->_fold_vanished($ctx, $1, $2) }
        elsif ($line =~ /^\* FLAGS \((.*)\)\z/) { $ctx->{flag_list} = lc $1 }
        elsif ($line =~ /^\* (\w+)/ && $ctx->{words} && $ctx->{words}{$1}) { push @{ $ctx->{data}{$1} }, $line }
        else { problem("this response does not belong here: $line") }
    }
}

sub _fold_status {
    my ($self, $ctx, $line) = @_;
    my ($kind, $code, $arg) = $line =~ /^\* (\w+)(?: \[([\w-]+)(?: (.*?))?\](?: |\z))?/;
    problem($line) if $kind eq 'BYE' && !$ctx->{bye} || $kind eq 'BAD' || $kind eq 'NO' && ($code // '') ne 'ALERT';
    return unless defined $code;
    $ctx->{codes}{$code} = $arg // '';
    $self->told_highest($ctx, $arg) if $code eq 'HIGHESTMODSEQ';
}

sub told_highest {
    my ($self, $ctx, $n) = @_;
    $ctx->{high} = $n;
    return if !$self->{box} || $ctx->{racing} || grep { $_->{msg}{gone} } @{ $self->{list} };   # held back: below it
    my $wrong = Model::World::saw_highest($self->{box}, $n);
    problem($wrong) if $wrong && !$ctx->{stale};
}

# Messages that came: all that are there now.
sub _fold_exists {
    my ($self, $ctx, $n) = @_;
    my ($list, $box) = @$self{qw(list box)};
    problem("EXISTS where nothing is selected") unless $box;
    my $last = $self->last_uid;
    my @new = grep { $_ > $last } @{ $box->{uids} };
    # while it idles it may be told of each by itself
    splice @new, $n - @$list if $ctx->{racing} && $n > @$list && $n < @$list + @new;
    problem("$n EXISTS, the client knows of " . @$list . ' messages, ' . @new . ' are new') if $n != @$list + @new;
    push @$list, map { { uid => $_, msg => $box->{msgs}{$_} } } @new;
}

sub _fold_recent {
    my ($self, $ctx, $n) = @_;
    problem("$n RECENT of " . @{ $self->{list} }) if !$self->{box} || $n > @{ $self->{list} };
}

sub _take_out {
    my ($self, $ctx, $at) = @_;
    problem('EXPUNGE where it is forbidden') unless $ctx->{expunge};
    my $e = $self->{list}[$at] or problem('EXPUNGE of ', $at + 1, ' of ', scalar @{ $self->{list} });
    problem("EXPUNGE of UID $e->{uid}, which is there") unless $e->{msg}{gone};
    splice @{ $self->{list} }, $at, 1;
}

sub _fold_expunge {
    my ($self, $ctx, $n) = @_;
    problem('EXPUNGE to a client with QRESYNC') if $self->{qresync} && !$ctx->{either};
    problem('EXPUNGE where nothing is selected') unless $self->{box} && $n;
    $self->_take_out($ctx, $n - 1);
}

sub _fold_vanished {
    my ($self, $ctx, $earlier, $set) = @_;
    problem('VANISHED to a client without QRESYNC') unless $self->{qresync};
    problem('VANISHED where nothing is selected') unless $self->{box};
    my @uids = uids_of($set);
    if ($earlier) {
        problem('VANISHED (EARLIER) where it is not asked for') unless $ctx->{earlier};
        for my $uid (@uids) {
            problem("VANISHED (EARLIER) of UID $uid, which is there") if $self->{box}{msgs}{$uid};
            $ctx->{vanished}{$uid} = 1;
        }
        return;
    }
    for my $uid (@uids) {
        my ($at) = grep { $self->{list}[$_]{uid} == $uid } 0 .. $#{ $self->{list} };
        problem("VANISHED of UID $uid, which this client was not told of") unless defined $at;
        $self->_take_out($ctx, $at);
    }
}

sub _fold_fetch {
    my ($self, $ctx, $n, $line) = @_;
    problem('FETCH where nothing is selected') unless $self->{box};
    my $e = $n ? $self->{list}[ $n - 1 ] : undef;
    problem("FETCH of $n of " . @{ $self->{list} }) unless $e;
    my $items = Halcyon::Oracle::parse($line)->[3];
    my %item;
    while (my ($name, $value) = splice @$items, 0, 2) { $item{ uc $name } = $value }
    $self->_check_item($ctx, $e, $_, $item{$_}) for sort keys %item;
    my $asked = $ctx->{asked} && $ctx->{asked}{ $e->{uid} };
    my $is_answer = $asked && !grep { !exists $item{$_} } @$asked;
    if ($is_answer) { $ctx->{answered}{ $e->{uid} } = 1 }
    $ctx->{got}{ $e->{uid} }{$_} = 1 for keys %item;
    return if $is_answer && !$ctx->{store};
    # RFC 7162 3.1 and 3.2.4: what comes by itself has MODSEQ, and UID
    return if $e->{msg}{gone};
    problem("no MODSEQ in $line") if $self->{condstore} && !exists $item{MODSEQ};
    problem("no UID in $line") if ($self->{qresync} || $ctx->{uid} && $is_answer) && !exists $item{UID};
    problem("MODSEQ, which this client never asked for, in $line") if !$self->{condstore} && exists $item{MODSEQ};
}

sub _check_item {
    my ($self, $ctx, $e, $name, $value) = @_;
    my ($msg, $uid) = ($e->{msg}, $e->{uid});
    my $wrong = sub { problem("UID $uid of $self->{box}{name}: $name is ", Halcyon::Oracle::dump_value($value), ", should be '$_[0]'") };
    if ($name eq 'UID') { $wrong->($uid) if $value ne $uid }
    elsif ($name eq 'FLAGS') { $self->_check_flags($ctx, $e, $value) }
    elsif ($name eq 'MODSEQ') {
        return if $msg->{gone} || $ctx->{racing};
        my $why = Model::World::saw_modseq($self->{box}, $msg, $value->[0]);
        problem($why) if $why;
        $ctx->{max_modseq} = $value->[0] if $value->[0] > ($ctx->{max_modseq} // 0);
    }
    elsif ($name eq 'INTERNALDATE') {
        $msg->{date} //= $value;                        # of a message without one: when it came
        $wrong->($msg->{date}) if Model::Mail::moment($value) ne Model::Mail::moment($msg->{date});
    }
    elsif ($name eq 'RFC822.SIZE') { $wrong->($msg->{mail}{size}) if $value != $msg->{mail}{size} }
    elsif ($name =~ /^BODY\[(.*)\](?:<(\d+)>)?\z/s) { $self->_check_body($ctx, $e, $1, $2, $value // '') }
    else { problem("nobody asked for $name") }
}

sub _check_body {
    my ($self, $ctx, $e, $section, $from, $value) = @_;
    my ($want) = grep { my $s = uc $_; $s =~ s/\.\d+>\z/>/; $s eq uc($section) . (defined $from ? "]<$from>" : '') } @Model::Mail::SECTIONS;
    problem("nobody asked for BODY[$section]") unless defined $want;
    problem("UID $e->{uid}: BODY[$section] is not that of message $e->{msg}{mail}{n}") if $value ne Model::Mail::section($e->{msg}{mail}, $want);
}

sub _check_flags {
    my ($self, $ctx, $e, $value) = @_;
    my $box = $self->{box};
    my @flags = sort map { lc } @$value;
    my $recent = grep { $_ eq '\recent' } @flags;
    my $text = join ' ', grep { $_ ne '\recent' } @flags;
    # RFC 3501 2.3.2: of one session only; EXAMINE takes nothing away, nor does who may keep no state
    if ($recent && !$self->{readonly} && $self->{rights}{s}) {
        my $by = $box->{claimed}{ $self->{user} }{ $e->{uid} } // $self->{id};
        problem("UID $e->{uid} of $box->{name} is \\Recent here and in another session of $self->{user}") if $by != $self->{id};
        $box->{claimed}{ $self->{user} }{ $e->{uid} } = $self->{id};
    }
    if (!$e->{msg}{gone} && !$ctx->{racing}) {
        my $truth = Model::World::flags($box, $e->{msg}, $self->{user});
        problem("UID $e->{uid} of $box->{name} has flags ($text) for $self->{user}, should have ($truth)") if $text ne $truth;
    }
    $e->{flags} = $text;
    $ctx->{flags_told}{ $e->{uid} } = 1;
}

# The tagged response has come: which modseq the client has now (RFC 7162 6).
sub tagged {
    my ($self, $ctx, $text) = @_;
    if ($text =~ /^\[HIGHESTMODSEQ (\d+)\]/) { $self->told_highest($ctx, $1) }
    return unless $self->{box};
    if (defined $ctx->{high}) { $self->{high} = $ctx->{high} }
    elsif (($ctx->{max_modseq} // 0) > $self->{high}) { $self->{high} = $ctx->{max_modseq} }
}

# Everything must be known now: messages, and flags of those whose flags were known.
sub check_synced {
    my ($self) = @_;
    my $box = $self->{box} or return;
    my ($is, $must) = (join(',', map { $_->{uid} } @{ $self->{list} }), join ',', @{ $box->{uids} });
    problem("the client knows of UIDs $is of $box->{name}, there are $must") if $is ne $must;
    for my $e (@{ $self->{list} }) {
        next unless defined $e->{flags};
        my $truth = Model::World::flags($box, $e->{msg}, $self->{user});
        problem("UID $e->{uid} of $box->{name}: $self->{user} was told flags ($e->{flags}), now there are ($truth), and nobody said so")
            if $e->{flags} ne $truth;
    }
}

1;
