package Model::World;
# Model::World - the reference model: mailboxes, their messages, rights and modseqs
#
# Written from RFC 3501 2.3 (messages, UIDs, flags), RFC 4314 (rights) and RFC 7162 3.1 (modseqs); it knows
# nothing of any server's inside.  Mailboxes have one name each ("user.alice.Work", "shared.news"), which
# name() turns into what a user of the chosen namespace types.
use strict;
use warnings;

# Options: users, alt (altnamespace), slash (unixhierarchysep).
sub new {
    my ($class, %o) = @_;
    my $self = bless { %o, boxes => {}, subs => {}, last_validity => {} }, $class;
    $self->{subs}{$_} = {} for @{ $o{users} };
    return $self;
}

# ---- names
sub owner { my ($name) = @_; return $name =~ /^user\.([^.]+)/ ? $1 : '' }

sub name {
    my ($self, $user, $box) = @_;
    my $out = $box;
    if (owner($box) eq $user) {
        $out =~ s/^user\.[^.]+/INBOX/;
        $out =~ s/^INBOX\.// if $self->{alt};
    } elsif ($self->{alt}) {
        $out = $box =~ /^user\.(.*)/ ? "Other Users.$1" : "Shared Folders.$box";
    }
    $out =~ tr{.}{/} if $self->{slash};
    return $out;
}

sub quoted { my ($self, $user, $box) = @_; my $n = $self->name($user, $box); return $n =~ / / ? "\"$n\"" : $n }

sub parent { my ($box) = @_; return $box =~ /^(.*)\.[^.]+\z/ ? $1 : '' }

sub has_children {
    my ($self, $user, $box) = @_;
    return 0 if $self->{alt} && $box eq "user.$user";           # they stand beside INBOX
    return scalar grep { index($_, "$box.") == 0 && $self->sees($user, $_) } keys %{ $self->{boxes} };
}

# ---- rights
our $ALL = 'lrswipkxtea';
use constant IMPLICIT => 'lkxa';        # what an owner always has

sub rights {
    my ($self, $user, $name) = @_;
    my $box = $self->{boxes}{$name} or return {};
    my %have = map { $_ => 1 } map { split // } grep { defined } @{ $box->{acl} }{ $user, 'anyone' };
    delete @have{ split // } for grep { defined } @{ $box->{acl} }{ "-$user", '-anyone' };
    if (owner($name) eq $user) { $have{$_} = 1 for split //, IMPLICIT }
    return \%have;
}

sub may { my ($self, $user, $name, $right) = @_; return $self->rights($user, $name)->{$right} ? 1 : 0 }

sub sees { my ($self, $user, $name) = @_; return $self->may($user, $name, 'l') }

# The nearest mailbox above, whose rights decide over CREATE.
sub nearest {
    my ($self, $name) = @_;
    while (($name = parent($name)) ne '') { return $name if $self->{boxes}{$name} }
    return;
}

# ---- mailboxes
sub create {
    my ($self, $name, $acl) = @_;
    my $box = {
        name => $name, acl => $acl, uids => [], msgs => {}, next => 1, serial => 0, high => 0, words => {}, gone => {},
        above => $self->{last_validity}{$name}, claimed => {}, birth => ++$self->{births},
    };
    $self->{boxes}{$name} = $box;
    return;
}

# With the names above it that are missing (RFC 3501 6.3.3); rights are those of the next above.
sub create_path {
    my ($self, $name) = @_;
    return if $self->{boxes}{$name};
    my $above = $self->nearest($name) // return;
    $self->create_path(parent($name)) if parent($name) ne $above;
    $self->create($name, { %{ $self->{boxes}{$above}{acl} } });
}

sub destroy {
    my ($self, $name) = @_;
    my $box = delete $self->{boxes}{$name} or return;
    $self->left($name, $box);
    return $box;
}

# The name is free: a mailbox that takes it must not be taken for this one.
sub left {
    my ($self, $name, $box) = @_;
    $self->{last_validity}{$name} = [ $box->{validity}, $box->{birth} ] if defined $box->{validity};
}

# UIDVALIDITY as somebody was told it: it stays, and is above that of an earlier mailbox of this name.
sub saw_validity {
    my ($box, $n) = @_;
    return "UIDVALIDITY of $box->{name} is $n, was $box->{validity}" if defined $box->{validity} && $n != $box->{validity};
    my ($earlier, $birth) = @{ $box->{above} || [ 0, 0 ] };
    return "UIDVALIDITY of $box->{name} is $n, an earlier mailbox of that name had $earlier" if $n <= $earlier && $birth != $box->{birth};
    $box->{validity} = $n;
    return;
}

# ---- messages
sub seen_key { my ($box, $user) = @_; return $box->{sharedseen} ? '*' : $user }

sub touch {
    my ($box, $msg) = @_;
    $msg->{floor} = $box->{high};
    $msg->{serial} = ++$box->{serial};
    delete $msg->{modseq};
    return;
}

# A new message: content is a reference to its text, flags in lower case.
sub add {
    my ($box, $user, $mail, $flags, $date) = @_;
    my $msg = { uid => $box->{next}++, mail => $mail, flags => {}, seen => {}, date => $date };
    $msg->{flags}{$_} = 1 for grep { $_ ne '\seen' } @$flags;
    $msg->{seen}{ seen_key($box, $user) } = 1 if grep { $_ eq '\seen' } @$flags;
    $box->{words}{$_} = 1 for grep { !/^\\/ } @$flags;
    push @{ $box->{uids} }, $msg->{uid};
    $box->{msgs}{ $msg->{uid} } = $msg;
    touch($box, $msg);
    return $msg;
}

sub expunge {
    my ($box, $uid) = @_;
    my $msg = delete $box->{msgs}{$uid} or return;
    $box->{uids} = [ grep { $_ != $uid } @{ $box->{uids} } ];
    touch($box, $msg);
    $msg->{gone} = 1;
    $box->{gone}{$uid} = $msg;
    return;
}

# The flags as this user has them, sorted: "\answered \seen kw1".
sub flags {
    my ($box, $msg, $user) = @_;
    my @f = keys %{ $msg->{flags} };
    push @f, '\seen' if $msg->{seen}{ seen_key($box, $user) };
    return join ' ', sort @f;
}

# Give the message these flags for this user; true when that changed it.
sub set_flags {
    my ($box, $msg, $user, @flags) = @_;
    my $before = flags($box, $msg, $user);
    my $key = seen_key($box, $user);
    $msg->{flags} = { map { $_ => 1 } grep { $_ ne '\seen' } @flags };
    delete $msg->{seen}{$key};
    $msg->{seen}{$key} = 1 if grep { $_ eq '\seen' } @flags;
    $box->{words}{$_} = 1 for grep { !/^\\/ } @flags;
    return 0 if $before eq flags($box, $msg, $user);
    touch($box, $msg);
    return 1;
}

# Rights that a flag needs (RFC 4314 4).
sub right_for { my ($flag) = @_; return $flag eq '\seen' ? 's' : $flag eq '\deleted' ? 't' : 'w' }

# Somebody was told the modseq of a message: it must agree with all that is known of it (RFC 7162 3.1).
sub saw_modseq {
    my ($box, $msg, $n) = @_;
    my $what = "modseq of UID $msg->{uid} in $box->{name} is $n";
    if (defined $msg->{modseq}) { return $n == $msg->{modseq} ? undef : "$what, was $msg->{modseq} and nobody changed it" }
    return "$what, before its last change the mailbox had $msg->{floor}" if $n <= $msg->{floor};
    for my $other (values %{ $box->{msgs} }) {
        next unless defined $other->{modseq} && $other->{serial} != $msg->{serial};
        return "$what; UID $other->{uid}, changed before, has $other->{modseq}" if $other->{serial} < $msg->{serial} && $other->{modseq} > $n;
        return "$what; UID $other->{uid}, changed after, has $other->{modseq}" if $other->{serial} > $msg->{serial} && $other->{modseq} < $n;
    }
    $msg->{modseq} = $n;
    $box->{high} = $n if $n > $box->{high};
    return;
}

# HIGHESTMODSEQ, where all is told: never below what was told before.
sub saw_highest {
    my ($box, $n) = @_;
    return "HIGHESTMODSEQ of $box->{name} is $n, $box->{high} was told before" if $n < $box->{high};
    $box->{high} = $n;
    return;
}

1;
