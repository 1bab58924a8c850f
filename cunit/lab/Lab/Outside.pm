package Lab::Outside;
# Lab::Outside - what programs that share no code with ours say about the files of a stopped instance
#
#   LAB_CHECKER='prog --config %c --partition %p'   any command; a status other than 0 is a finding
#   HALCYON_ORACLE=/path/root                       Debian's Cyrus 3.6.1, unpacked: cyr_dbtool, mbexamine
#                                                   and the dry run of reconstruct
use strict;
use warnings;
use POSIX ();

sub wanted { return $ENV{LAB_CHECKER} || $ENV{HALCYON_ORACLE} ? 1 : 0 }

# Findings, one text each.
sub findings {
    my ($i) = @_;
    return (($ENV{LAB_CHECKER} ? _checker($i) : ()), ($ENV{HALCYON_ORACLE} ? _oracle($i) : ()));
}

sub _checker {
    my ($i) = @_;
    my %is = (c => "$i->{dir}/conf", p => "$i->{dir}/spool");
    (my $command = $ENV{LAB_CHECKER}) =~ s/%([cp])/$is{$1}/g;
    my @said = qx{$command 2>&1};
    chomp @said;
    return $? ? map { "outside: $_" } @said ? @said : "status $?" : ();
}

# Run one of its programs as the account of the instance: (status, lines).
sub _run {
    my ($i, $name, @args) = @_;
    my $root = $ENV{HALCYON_ORACLE};
    my ($path) = grep { -x } map { "$root/$_/$name" } 'usr/lib/cyrus/bin', 'usr/sbin', 'usr/bin';
    return (0, "outside: there is no $name below $root") unless $path;
    my $pid = open(my $from, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        $i->drop_privileges;
        $ENV{LD_LIBRARY_PATH} = "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib";
        exec $path, '-C', "$i->{dir}/peer.conf", @args or POSIX::_exit(127);
    }
    my @lines = <$from>;
    close $from;
    chomp @lines;
    return ($?, @lines);
}

# It refuses options without a value.
sub _configuration {
    my ($i) = @_;
    open my $in, '<', "$i->{dir}/imapd.conf" or die "imapd.conf: $!";
    open my $out, '>', "$i->{dir}/peer.conf" or die "peer.conf: $!";
    print {$out} grep { !/:\s*$/ && !/^(?:journal_|commit_sync)/ } <$in>;
    close $out or die "peer.conf: $!";
    chmod 0644, "$i->{dir}/peer.conf";
}

sub _oracle {
    my ($i) = @_;
    _configuration($i);
    my ($status, @lines) = _run($i, 'cyr_dbtool', "$i->{dir}/conf/mailboxes.db", 'twoskip', 'consistent');
    my @bad = $status || "@lines" !~ /Yes, consistent/ ? "cyr_dbtool: @lines" : ();
    ($status, my @boxes) = _run($i, 'reconstruct', '-n', '-r', 'user');
    push @bad, map { "reconstruct -n: $_" } grep { !/^user\.[\w.]+$/ } @boxes;
    push @bad, "reconstruct -n: status $status" if $status;
    for my $box (grep { /^user\.[\w.]+$/ } @boxes) {
        ($status, @lines) = _run($i, 'mbexamine', $box);
        push @bad, map { "mbexamine $box: $_" } grep { /mismatch|corrupt|invalid|unable|failed/i } @lines;
        push @bad, "mbexamine $box: status $status" if $status;
    }
    return map { "outside: $_" } @bad;
}

1;
